"""Comparing a device with the answers that torch gave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge import preprocess
from edge.backends.base import Backend
from edge.card import Tolerance
from edge.emotions import EmotionStage, probability
from edge.model_folder import Golden, ModelFolder

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Measured:
    """How far answers stray from torch's on the golden crops; the fields of edge.card.Tolerance.

    probability_mean: the mean difference of a probability, beside the largest.
    """

    probability: float
    probability_mean: float
    flipped_share: float
    emotion_share: float


def measure(logits: Float32, golden: Golden, stage: EmotionStage) -> Measured:
    """logits: float32 [N, K], the answers to the golden crops."""
    ours, theirs = probability(logits), probability(golden.logits)
    emotions = stage.probabilities(logits)
    return Measured(
        float(np.abs(ours - theirs).max()),
        float(np.abs(ours - theirs).mean()),
        float(((ours >= 0.5) != (theirs >= 0.5)).mean()),
        float((emotions.argmax(axis=1) != golden.emotions.argmax(axis=1)).mean()),
    )


@dataclass(frozen=True)
class GoldenResult:
    """Differences between a device and torch; the fields are those of edge.card.Tolerance."""

    crops: int
    probability: float
    flipped_share: float
    emotion_share: float
    allowed: Tolerance

    @property
    def passed(self) -> bool:
        # Written so that "not a number" fails.
        return (
            self.probability <= self.allowed.probability
            and self.flipped_share <= self.allowed.flipped_share
            and self.emotion_share <= self.allowed.emotion_share
        )

    @property
    def words(self) -> str:
        """The outcome in words that can be spoken."""
        return "self check passed" if self.passed else "self check failed: this device answers wrongly"


def check(folder: ModelFolder, device: Backend) -> GoldenResult:
    """Run every golden face on the device. Raises BackendError or ModelError."""
    golden = folder.golden()
    side = folder.card.image_size
    logits = np.stack([device.infer(preprocess.net_input(crop, side)[None])[0] for crop in golden.crops])
    found = measure(logits, golden, folder.emotion_stage)
    return GoldenResult(
        len(logits), found.probability, found.flipped_share, found.emotion_share, folder.artefact.tolerance
    )
