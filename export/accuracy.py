"""What quantisation may cost, counted on labelled faces and not on differences alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino

from edge import preprocess
from edge.card import Card

Float32 = npt.NDArray[np.float32]

MOST_LOST = 0.01
"""One point of any figure: what INT8 may cost before a layer goes back to FP16."""


@dataclass(frozen=True, eq=False)
class LabelledFaces:
    """Faces with what is known of them.

    crops: uint8 [N, S, S] grey, as the net takes them. figures: of log-odds float32 [N, K] of all crops,
    name -> 0..1, higher is better (accuracy, F1).
    """

    crops: npt.NDArray[np.uint8]
    figures: Callable[[Float32], Mapping[str, float]]

    def net_inputs(self) -> list[Float32]:
        """float32 [1, 3, S, S] each, through the device's own pre-processing."""
        size = self.crops.shape[1]
        return [preprocess.net_input(crop, size)[None] for crop in self.crops]


def answers(compiled: openvino.CompiledModel, inputs: Any) -> list[Float32]:
    """The log-odds float32 [K] of every input, one by one."""
    request = compiled.create_infer_request()
    output = compiled.output(Card.output)
    return [np.array(request.infer({Card.input: image})[output][0], dtype=np.float32) for image in inputs]


def figures_of(model: openvino.Model, faces: LabelledFaces) -> dict[str, float]:
    """The figures of a net that counts in float32 wherever it is not quantised."""
    compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return dict(faces.figures(np.stack(answers(compiled, faces.net_inputs()))))


def lost(before: Mapping[str, float], after: Mapping[str, float]) -> float:
    """The most that one figure fell by; negative if all rose."""
    return max(before[name] - after[name] for name in before)
