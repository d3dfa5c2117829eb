"""Notices a camera that keeps sending one and the same picture."""

from __future__ import annotations

import numpy as np

from edge.types import UInt8

SAMPLE = 16
"""Every how many pixels are compared first: two pictures of a real sensor differ at once."""


class Stillness:
    """Watches for a picture that stays the same, byte by byte, for `seconds`.

    A working sensor has noise, so identical pictures mean that it, its driver or its encoder hangs.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last: UInt8 | None = None
        self._since = 0.0

    def frozen(self, image: UInt8, now: float) -> bool:
        """Whether, with this picture at this time, the source is frozen."""
        if self._last is None or not _same(self._last, image):
            self._last = image
            self._since = now
        return now - self._since >= self._seconds


def _same(one: UInt8, other: UInt8) -> bool:
    return np.array_equal(one[::SAMPLE, ::SAMPLE], other[::SAMPLE, ::SAMPLE]) and np.array_equal(one, other)
