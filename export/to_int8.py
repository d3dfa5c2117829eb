"""ONNX -> OpenVINO INT8, ranges measured on real faces (NNCF post-training quantisation)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import nncf
import numpy as np
import numpy.typing as npt
import openvino

from edge import preprocess
from export import accuracy, to_ir
from export.accuracy import MOST_LOST, LabelledFaces
from export.errors import ExportError, Mismatch, ParityError
from export.quiet import no_progress_bars

MOST_CROPS = 300
"""More crops change the ranges no further (NNCF's own default)."""
NOTE = "facecue_int8"
"""The entry of the network file that says what quantising it cost."""
COUNTED = ("Convolution", "GroupConvolution", "MatMul")
"""The layers in which the time goes: the ones that are worth quantising."""


@dataclass(frozen=True)
class Quantised:
    """crops: faces the ranges were measured on. before, after: figures on labelled faces without and
    with INT8, empty if there were none. in_fp16: the layers that INT8 would have cost too much."""

    crops: int
    before: Mapping[str, float] = field(default_factory=dict)
    after: Mapping[str, float] = field(default_factory=dict)
    in_fp16: tuple[str, ...] = ()

    def rounded(self) -> dict[str, Any]:
        """As JSON can hold it, five places: two machines write the same file."""
        table = asdict(self)
        for name in ("before", "after"):
            table[name] = {figure: round(value, 5) for figure, value in table[name].items()}
        return {**table, "in_fp16": list(self.in_fp16)}


def write_int8(
    onnx: Path,
    xml: Path,
    crops: Iterable[npt.NDArray[np.uint8]],
    image_size: int,
    progress: Callable[[str], None],
    labelled: LabelledFaces | None = None,
) -> Quantised:
    """Quantise an ONNX file to `xml` and the .bin beside it.

    crops: uint8 [H, W] or [H, W, 3] faces; the first MOST_CROPS are used, through
    edge.preprocess.net_input as on the device. labelled: where a figure on these falls by MOST_LOST or
    more, the layers that cost most stay FP16. Raises ExportError if there are no crops, ParityError if
    too much is lost even so.
    """
    faces = list(islice(crops, MOST_CROPS))
    if not faces:
        raise ExportError("INT8 needs faces to calibrate on, and there are none")
    progress(f"INT8: measuring ranges on {len(faces)} faces")
    ranges = _Ranges(onnx, faces, image_size)
    quantised = ranges.quantise()
    before: dict[str, float] = {}
    after: dict[str, float] = {}
    if labelled is not None:
        progress(f"INT8: figures on {len(labelled.crops)} labelled faces")
        before = accuracy.figures_of(to_ir.read_onnx(onnx), labelled)
        after = accuracy.figures_of(quantised, labelled)
        if accuracy.lost(before, after) >= MOST_LOST:
            progress("INT8 costs a point or more: looking for the layers that do")
            quantised = ranges.quantise_within(labelled, before)
            after = accuracy.figures_of(quantised, labelled)
        _require(before, after)
    done = Quantised(len(faces), before, after, tuple(_unquantised(quantised)))
    quantised.set_rt_info(json.dumps(done.rounded()), [NOTE])
    to_ir.save(quantised, xml)
    return done


def read_quantised(xml: Path) -> dict[str, Any]:
    """What write_int8 noted in the network. Raises ExportError if it made no such file."""
    model = openvino.Core().read_model(str(xml))
    if not model.has_rt_info([NOTE]):
        raise ExportError(f"{xml} was not made by facecue export ir: make it anew")
    found: dict[str, Any] = json.loads(model.get_rt_info([NOTE]).astype(str))
    return found


class _Ranges:
    """One net and the faces that set its ranges."""

    def __init__(self, onnx: Path, faces: list[npt.NDArray[np.uint8]], image_size: int) -> None:
        self._onnx = onnx
        # Every layer, symmetric: on a VGG net with ReLU neither asymmetric ranges nor a first and
        # last layer in higher precision came closer to torch; crops like the device's own did.
        self._options: dict[str, Any] = {
            "preset": nncf.QuantizationPreset.PERFORMANCE,
            "target_device": nncf.TargetDevice.CPU,
            "subset_size": len(faces),
        }
        self._faces = nncf.Dataset(faces, lambda crop: preprocess.net_input(crop, image_size)[None])

    def quantise(self) -> Any:
        """Every layer in INT8."""
        with no_progress_bars():
            return nncf.quantize(to_ir.read_onnx(self._onnx), self._faces, **self._options)

    def quantise_within(self, labelled: LabelledFaces, before: Mapping[str, float]) -> Any:
        """As many layers in INT8 as the figures allow; NNCF puts the worst ones back, one by one."""

        def validate(compiled: Any, inputs: Iterable[Any]) -> tuple[float, list[list[Any]]]:
            logits = accuracy.answers(compiled, inputs)
            rows = [[row] for row in logits]
            if len(logits) != len(labelled.crops):
                return 1.0, rows  # NNCF tries the function on one face, and asks for its type alone
            return 1.0 - accuracy.lost(before, labelled.figures(np.stack(logits))), rows

        with no_progress_bars():
            return nncf.quantize_with_accuracy_control(
                to_ir.read_onnx(self._onnx),
                self._faces,
                nncf.Dataset(labelled.net_inputs()),
                validate,
                max_drop=MOST_LOST,
                **self._options,
            )


def _require(before: Mapping[str, float], after: Mapping[str, float]) -> None:
    beyond = [
        Mismatch("int8", f"points lost in {name}", 100 * (before[name] - after[name]), 100 * MOST_LOST)
        for name in before
        if not before[name] - after[name] < MOST_LOST
    ]
    if beyond:
        raise ParityError(beyond)


def _unquantised(model: Any) -> Iterable[str]:
    """Names of the counted layers whose weights are not whole numbers of eight bits."""
    for op in model.get_ordered_ops():
        if op.get_type_name() in COUNTED:
            source = op.input_value(1).get_node()
            while source.get_type_name() in ("Convert", "Subtract", "Multiply", "Reshape"):
                source = source.input_value(0).get_node()
            if source.get_type_name() != "FakeQuantize" and source.get_element_type().size > 1:
                yield op.get_friendly_name()
