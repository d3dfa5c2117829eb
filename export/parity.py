"""Whether an exported file still says what torch says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import torch

from edge.card import Tolerance
from edge.emotions import LOGIT_LIMIT, EmotionStage
from edge.golden_check import measure
from edge.model_folder import Golden
from export.errors import Mismatch, ParityError

Float32 = npt.NDArray[np.float32]

EMOTION_STAGE_DIFFERENCE = 1e-5
"""Allowed between the second stage in numpy and in torch: rounding, nothing else."""


@dataclass(frozen=True)
class Difference:
    """How far an artefact strays from torch on the golden crops.

    probability, probability_mean: of the action units. flipped_share: decisions at 0.5 that
    differ. emotion_share: crops whose most probable emotion differs.
    """

    probability: float
    probability_mean: float
    flipped_share: float
    emotion_share: float

    def rounded(self) -> dict[str, float]:
        """As the card keeps it: six places, so that two machines write the same card."""
        return {name: round(value, 6) for name, value in asdict(self).items()}

    def beyond(self, artefact: str, tolerance: Tolerance) -> list[Mismatch]:
        """Every difference that is larger than the tolerance, or no number."""
        return [
            Mismatch(artefact, name.replace("_", " "), getattr(self, name), allowed)
            for name, allowed in asdict(tolerance).items()
            if not getattr(self, name) <= allowed
        ]


def compare(logits: Float32, golden: Golden, stage: EmotionStage) -> Difference:
    """Answers float32 [N, K] of an artefact against torch's."""
    return Difference(**asdict(measure(logits, golden, stage)))


def torch_emotions(arrays: Mapping[str, Float32], logits: Float32) -> Float32:
    """The second stage in torch, of people whose own neutral is not known.

    logits: float32 [N, K] log-odds -> float32 [N, E] probabilities.
    """
    a = {name: torch.from_numpy(np.asarray(array, dtype=np.float32)) for name, array in arrays.items()}
    clipped = torch.from_numpy(logits).clamp(-LOGIT_LIMIT, LOGIT_LIMIT)
    hidden = torch.relu(torch.nn.functional.linear(clipped, a["hidden_weight"], a["hidden_bias"]))
    scores = torch.nn.functional.linear(hidden, a["output_weight"], a["output_bias"])
    return np.asarray(torch.softmax(scores, dim=1).numpy(), dtype=np.float32)


def require(
    differences: Mapping[str, Difference],
    tolerances: Mapping[str, Tolerance],
    golden: Golden,
    stage: EmotionStage,
) -> None:
    """Raise ParityError with every difference beyond the tolerance of the same name.

    The second stage is checked too: in numpy, on torch's log-odds, it must give torch's emotions.
    """
    beyond = [m for name, found in differences.items() for m in found.beyond(name, tolerances[name])]
    emotions = float(np.abs(stage.probabilities(golden.logits) - golden.emotions).max())
    if not emotions <= EMOTION_STAGE_DIFFERENCE:
        beyond.append(Mismatch("emotion stage", "probability", emotions, EMOTION_STAGE_DIFFERENCE))
    if beyond:
        raise ParityError(beyond)
