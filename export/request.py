"""What is to be exported, checked before any work begins."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import nn

from edge import preprocess
from edge.card import Artefact, Card, Tolerance
from edge.emotions import EmotionStage
from export.accuracy import LabelledFaces
from export.errors import ExportError

UInt8 = npt.NDArray[np.uint8]

PRECISIONS = ("int8", "fp16")
"""The artefacts with a tolerance of their own; the others count in FP16 or better, as fp16 does."""
FILES = {
    "int8": ("int8/model.xml", "int8/model.bin"),
    "fp16": ("model.xml", "model.bin"),
    "stick": ("stick/model.xml", "stick/model.bin"),
    "onnx": ("model.onnx", ""),
}
"""Network and weights of each artefact, relative to the folder, in the order of the card."""


@dataclass(frozen=True, eq=False)
class ExportRequest:
    """A net with all that its folder will say about it.

    net: in evaluation mode, float32 [1, 3, S, S] in 0..255 -> float32 [1, K] action-unit
    log-odds, mean and scale inside, batch normalisation folded (export.fold). emotion_stage: the
    arrays of edge.emotions.EmotionStage.ARRAYS, temperature folded in, and those of OPTIONAL_ARRAYS
    where the stage reads a person's own neutral. golden: uint8 crops of real
    faces on which every file is compared with torch. calibration: uint8 crops of real faces that
    set the ranges of INT8, as the device will meet them: cut from pictures and clips like its own;
    read once. tolerances: for each of PRECISIONS. provenance, figures: anything JSON can hold.
    labelled: faces on which it is counted what INT8 costs, None counts nothing. stick_stages: how many
    stages the net may have when it is compiled for Myriad X. large_input: somebody vouches that the net
    was trained on numbers as large as 0..255 (export.soundness).
    """

    name: str
    version: str
    net: nn.Module
    image_size: int
    action_units: tuple[str, ...]
    emotions: tuple[str, ...]
    emotion_stage: Mapping[str, npt.NDArray[np.float32]]
    unsure_below: float
    golden: Sequence[UInt8]
    calibration: Iterable[UInt8]
    licence: str
    tolerances: Mapping[str, Tolerance]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)
    labelled: LabelledFaces | None = None
    stick_stages: int = 200
    large_input: bool = False

    def stage(self) -> EmotionStage:
        """The second stage as the runtime will build it. Raises ValueError if it does not fit."""
        return EmotionStage(self.action_units, self.emotions, self.unsure_below, **self.emotion_stage)

    def golden_crops(self) -> UInt8:
        """The golden inputs as they are stored: uint8 [N, S, S] grey."""
        inputs = [preprocess.net_input(crop, self.image_size)[0] for crop in self.golden]
        return np.stack(inputs).astype(np.uint8)

    def tolerance(self, artefact: str) -> Tolerance:
        """What an artefact may differ by."""
        return self.tolerances["int8" if artefact == "int8" else "fp16"]

    def card(
        self,
        sha256: Mapping[str, str],
        ir_versions: Mapping[str, int],
        measured: Mapping[str, Mapping[str, float]],
        proof: Mapping[str, Any],
    ) -> Card:
        """The card of the folder. ir_versions: of each artefact that is there, 0 for ONNX.

        Raises ValueError if a name or size is not one the runtime takes.
        """
        artefacts = {
            name: Artefact(*FILES[name], ir_versions[name], self.tolerance(name))
            for name in FILES
            if name in ir_versions
        }
        return Card(
            name=self.name,
            version=self.version,
            image_size=self.image_size,
            action_units=tuple(self.action_units),
            emotions=tuple(self.emotions),
            artefacts=artefacts,
            sha256=sha256,
            unsure_below=self.unsure_below,
            licence=self.licence,
            measured=measured,
            provenance=self.provenance,
            figures=self.figures,
            proof=proof,
        )


def check(request: ExportRequest) -> None:
    """Raise ExportError with everything that is wrong with a request."""
    faults = []
    if set(request.tolerances) != set(PRECISIONS):
        faults.append(f"tolerances must be given for {' and '.join(PRECISIONS)}")
    else:
        try:
            json.dumps(asdict(request.card({}, dict.fromkeys(PRECISIONS, 0), {}, {})))
        except (TypeError, ValueError) as error:
            faults.append(f"no card can be written ({error})")
    if set(request.emotion_stage) - set(EmotionStage.OPTIONAL_ARRAYS) != set(EmotionStage.ARRAYS):
        faults.append(
            f"emotion_stage must hold {', '.join(EmotionStage.ARRAYS)}, "
            f"and besides them {' and '.join(EmotionStage.OPTIONAL_ARRAYS)} or nothing"
        )
    elif not all(np.isfinite(array).all() for array in request.emotion_stage.values()):
        faults.append("emotion_stage holds values that are no numbers")
    else:
        try:
            request.stage()
        except ValueError as error:
            faults.append(f"emotion_stage does not fit the names ({error})")
    if request.net.training:
        faults.append("the net is in training mode: call net.eval() first")
    if not len(request.golden):
        faults.append("there is no golden crop")
    if any(crop.dtype != np.uint8 or crop.ndim not in (2, 3) or not crop.size for crop in request.golden):
        faults.append("a golden crop is not uint8 [H, W] or [H, W, 3]")
    if faults:
        raise ExportError(f"{request.name} cannot be exported: {'; '.join(faults)}")
