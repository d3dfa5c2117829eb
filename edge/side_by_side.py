"""Two nets timed in turn on the same faces, so that what else the machine does hits both alike."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.action_units import ActionUnitNet

WARM_UP = 5
"""Answers before the clock counts: the first ones allocate."""


@dataclass(frozen=True)
class SideBySide:
    """Median seconds of one face, pre-processing included."""

    first: float
    second: float

    @property
    def ratio(self) -> float:
        """How many times as long the second takes."""
        return self.second / self.first


def side_by_side(
    first: ActionUnitNet, second: ActionUnitNet, crops: npt.NDArray[np.uint8], rounds: int = 5
) -> SideBySide:
    """Each face through both nets, one after the other.

    crops: uint8 [N, H, W] or [N, H, W, 3], N at least 1. Raises BackendError if a device fails.
    """
    for crop in crops[:WARM_UP]:
        first.of_crop(crop)
        second.of_crop(crop)
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for crop in crops:
            for net, taken in zip((first, second), seconds):
                begin = time.perf_counter()
                net.of_crop(crop)
                taken.append(time.perf_counter() - begin)
    return SideBySide(float(np.median(seconds[0])), float(np.median(seconds[1])))
