"""The networks of a folder, each written from the ONNX file."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from export import to_ir
from export.errors import ExportError
from export.legacy.environment import LegacyEnvironment
from export.request import FILES, ExportRequest
from export.to_int8 import write_int8
from export.to_onnx import write_onnx


def write_networks(
    request: ExportRequest,
    source: Path,
    folder: Path,
    kinds: Iterable[str],
    legacy: LegacyEnvironment | None,
    progress: Callable[[str], None],
) -> None:
    """Write the artefacts `kinds` (of export.request.FILES) below `folder`. source: the ONNX file.

    legacy: writes the stick's. Raises ExportError if it is needed and not there, or a file cannot be
    written.
    """
    for kind in kinds:
        progress(kind)
        network = folder / FILES[kind][0]
        network.parent.mkdir(parents=True, exist_ok=True)
        if kind == "onnx":
            if network.resolve() != source.resolve():
                shutil.copyfile(source, network)
        elif kind == "fp16":
            to_ir.write_ir(source, network)
        elif kind == "int8":
            write_int8(source, network, request.calibration, request.image_size, progress, request.labelled)
        elif legacy is None:
            raise ExportError(
                "the stick's network is written by the optimizer of OpenVINO 2021.4.2: set it up once with "
                "facecue export setup-legacy, or leave that network out with --without stick"
            )
        else:
            legacy.write_ir10(source, network)


def onnx_of(request: ExportRequest, path: Path, without: Collection[str] = ()) -> tuple[str, ...]:
    """The net as ONNX, the file that every network is made from; what a person should know of it.

    without: the artefacts that will not be made from it. Raises ExportError, for the stick with every
    layer that its compiler refuses.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    units = len(request.action_units)
    return write_onnx(request.net, request.image_size, units, path, for_stick="stick" not in without)
