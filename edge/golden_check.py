"""Comparing a device with the answers that torch gave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge import preprocess
from edge.backends.base import Backend
from edge.card import Tolerance
from edge.emotions import probability
from edge.model_folder import ModelFolder


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
    ours, theirs = probability(logits), probability(golden.logits)
    emotions = folder.emotion_stage.probabilities(logits)
    return GoldenResult(
        len(logits),
        float(np.abs(ours - theirs).max()),
        float(((ours >= 0.5) != (theirs >= 0.5)).mean()),
        float((emotions.argmax(axis=1) != golden.emotions.argmax(axis=1)).mean()),
        folder.artefact.tolerance,
    )
