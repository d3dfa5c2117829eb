"""torch -> ONNX, in the dialect that every OpenVINO since 2021 reads."""

from __future__ import annotations

import warnings
from pathlib import Path

import onnx
import torch
from torch import nn

from edge.card import Card
from export import layers
from export.errors import ExportError
from export.quiet import old_exporter

OPSET = 13
"""The newest that the last compiler for the Neural Compute Stick (OpenVINO 2021.4) reads."""


def write_onnx(
    net: nn.Module, image_size: int, units: int, path: Path, for_stick: bool = True
) -> tuple[str, ...]:
    """Write a net as ONNX with static shapes and the card's tensor names, and check the file.

    for_stick: whether the net is to run on a Neural Compute Stick as well. Returns warnings, as
    export.layers.require_layers does. Raises ExportError if the net holds something that ONNX has no
    word for or, for a stick, that no stick can run, or if the file is of another opset or has other
    inputs or outputs; then no file is left.
    """
    try:
        model = _write_onnx(net, image_size, units, path)
        return layers.require_layers(model) if for_stick else ()
    except ExportError:
        path.unlink(missing_ok=True)
        raise


def _write_onnx(net: nn.Module, image_size: int, units: int, path: Path) -> onnx.ModelProto:
    image = torch.zeros(1, 3, image_size, image_size)
    with torch.no_grad(), old_exporter():
        # Whether what was traced holds for other pictures, the golden faces will show.
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # type: ignore[attr-defined]
        try:
            torch.onnx.export(
                net,
                (image,),
                str(path),
                opset_version=OPSET,
                dynamo=False,
                input_names=[Card.input],
                output_names=[Card.output],
            )
        except (torch.onnx.OnnxExporterError, RuntimeError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise ExportError(
                f"torch cannot write the net as ONNX opset {OPSET}, the newest that a Neural Compute Stick's "
                f"compiler reads ({reason}): write that layer with convolutions, sums and products"
            ) from error
    model = onnx.load(str(path))
    onnx.checker.check_model(model, full_check=True)
    opsets = {entry.domain: entry.version for entry in model.opset_import}
    if opsets != {"": OPSET}:
        raise ExportError(f"the ONNX file asks for the operator sets {opsets}, not for {OPSET} alone")
    wanted = {Card.input: [1, 3, image_size, image_size], Card.output: [1, units]}
    found = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in _tensors(model)}
    if found != wanted:
        raise ExportError(f"the ONNX file has the tensors {found}, not {wanted}")
    return model


def _tensors(model: onnx.ModelProto) -> list[onnx.ValueInfoProto]:
    return [*model.graph.input, *model.graph.output]
