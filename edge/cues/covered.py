"""Whether something lies before the mouth: a hand, a cup, a scarf pulled up."""

from __future__ import annotations

import math

import cv2
import numpy as np

from edge.settings import CueSettings
from edge.types import Float32, UInt8

TOP, LEFT, RIGHT = 0.6, 0.15, 0.85
"""The lower face in an aligned crop, as shares of its side; the mouth stands in the middle of it."""
ACROSS, DOWN = 14, 8
"""So small that lips which open or smile change little, and a hand much."""
LEARN_SECONDS = 1.0
"""How fast the usual look of a lower face is followed while it is free."""
RELEARN_SECONDS = 6.0
"""...and while it looks covered: light and pose change too, and a beard of scarf is usual in the end."""


class Covered:
    """Compares the lower face with what that of the same person looked like before.

    It looks covered where the correlation of the grey values is below `covered_under`: smiles and speech
    leave it above that, a hand does not. A head that is turned quickly looks covered for a moment too, and
    cannot be read then either.
    """

    def __init__(self, settings: CueSettings) -> None:
        self._settings = settings
        self._usual: Float32 | None = None
        self._track = -1
        self._at = -math.inf

    def update(self, crop: UInt8, track: int, now: float) -> bool:
        """Feed the aligned crop of a person, uint8 [S, S(, 3)]; whether the mouth looks covered."""
        looks = _lower_face(crop)
        elapsed = now - self._at
        if self._usual is None or track != self._track or not 0 <= elapsed <= self._settings.absent_seconds:
            self._usual, self._track, self._at = looks, track, now
            return False
        covered = float(np.mean(looks * self._usual)) < self._settings.covered_under
        share = 1.0 - math.exp(-elapsed / (RELEARN_SECONDS if covered else LEARN_SECONDS))
        self._usual = _standardised(self._usual + np.float32(share) * (looks - self._usual))
        self._at = now
        return covered


def _lower_face(crop: UInt8) -> Float32:
    grey = crop if crop.ndim == 2 else cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    side = grey.shape[0]
    part = grey[int(TOP * side) :, int(LEFT * side) : int(RIGHT * side)]
    return _standardised(cv2.resize(part, (ACROSS, DOWN), interpolation=cv2.INTER_AREA).astype(np.float32))


def _standardised(values: Float32) -> Float32:
    """Mean 0, deviation 1, so that the mean product of two is their correlation."""
    deviation = float(values.std())
    return np.asarray(
        (values - values.mean()) / max(deviation, 1.0 if deviation < 1e-3 else 0.0), dtype=np.float32
    )
