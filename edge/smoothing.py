"""One face's log-odds over time, without the jitter of single frames."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt


class Smoother:
    """Exponential smoothing in real time, so that it means the same at 5 and at 30 frames a second.

    time_constant_seconds: after a step, 63 % is reached in this time. A gap of more than
    `forget_seconds`, or another track, starts afresh.
    """

    def __init__(self, time_constant_seconds: float, forget_seconds: float) -> None:
        self._tau = time_constant_seconds
        self._forget = forget_seconds
        self._value: npt.NDArray[np.float32] | None = None
        self._at = -math.inf
        self._track = -1

    def update(self, logits: npt.NDArray[np.float32], track: int, now: float) -> npt.NDArray[np.float32]:
        """float32 [K] log-odds of this frame -> smoothed ones."""
        elapsed = now - self._at
        if self._value is None or track != self._track or not 0 <= elapsed <= self._forget or self._tau <= 0:
            value = logits
        else:
            share = 1.0 - math.exp(-elapsed / self._tau)
            value = (self._value + share * (logits - self._value)).astype(np.float32)
        self._value, self._at, self._track = value, now, track
        return value
