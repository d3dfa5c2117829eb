"""How many pictures a second are worth their power."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from edge.loop import LatestFrames
from edge.settings import PowerSettings
from edge.types import Frame, UInt8

SAMPLE = 16
"""Every how many pixels two pictures are compared."""
CHANGE = 12.0
"""Mean difference, of 255, of the pixels of two pictures that shows that something moves; noise and the
slow change of light stay under it."""
MOVING_SECONDS = 3.0
"""After something moved the device looks closely for so long: a face may follow."""


class Pace:
    """Decides how long to wait from one picture to the next; pure of clocks.

    As fast as it goes while a face is there or something moves; idle_frames_per_second once neither was so
    for idle_after_seconds; at most hot_frames_per_second while `held_back` is set.
    """

    def __init__(self, settings: PowerSettings) -> None:
        self.settings = settings
        self.held_back = False
        self._busy_until = math.inf
        self._last: UInt8 | None = None

    def saw(self, frame: Frame, faces: int, now: float) -> None:
        """What the last picture showed. now: seconds, monotonic."""
        sample = frame.image[::SAMPLE, ::SAMPLE]
        last, self._last = self._last, sample.copy()
        if self._busy_until == math.inf:
            self._busy_until = now + self.settings.idle_after_seconds
        if faces:
            self._busy_until = max(self._busy_until, now + self.settings.idle_after_seconds)
        elif last is None or last.shape != sample.shape or _difference(last, sample) > CHANGE:
            self._busy_until = max(self._busy_until, now + MOVING_SECONDS)

    def interval_seconds(self, now: float) -> float:
        """From the beginning of the last picture to that of the next, at least."""
        rates = [self.settings.hot_frames_per_second] if self.held_back else []
        if now >= self._busy_until:
            rates.append(self.settings.idle_frames_per_second)
        slowest = min((rate for rate in rates if rate > 0), default=math.inf)
        return 1 / slowest


class Unhurried:
    """The frames of another source, no faster than a pace allows; always the newest there is.

    clock: seconds, monotonic. wait: sleeps for so many seconds, or less when the program is to stop.
    """

    def __init__(
        self,
        frames: LatestFrames,
        pace: Pace,
        clock: Callable[[], float],
        wait: Callable[[float], object],
    ) -> None:
        self._frames = frames
        self._pace = pace
        self._clock = clock
        self._wait = wait
        self._taken_at = -math.inf

    @property
    def lost(self) -> bool:
        return self._frames.lost

    @property
    def ended(self) -> bool:
        return self._frames.ended

    def latest(self, timeout_seconds: float) -> Frame | None:
        now = self._clock()
        early = self._taken_at + self._pace.interval_seconds(now) - now
        if early > 0:
            self._wait(min(early, timeout_seconds))
            if early >= timeout_seconds:
                return None
        frame = self._frames.latest(timeout_seconds)
        if frame is not None:
            self._taken_at = self._clock()
        return frame

    def pause(self) -> bool:
        return self._frames.pause()

    def resume(self) -> None:
        self._frames.resume()


def _difference(one: UInt8, other: UInt8) -> float:
    return float(np.abs(one.astype(np.int16) - other.astype(np.int16)).mean())
