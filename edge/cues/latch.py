"""Deciding that something lasts, or has changed, without flicker."""

from __future__ import annotations

import math
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Lasting:
    """Whether most observations of the last `dwell_seconds` agree, the newest included.

    agreement: share of them that must, 0..1. One observation is never enough, unless nothing has to last.
    """

    def __init__(self, dwell_seconds: float, agreement: float = 1.0) -> None:
        self._dwell = dwell_seconds
        self._agreement = agreement
        self._seen: deque[tuple[float, bool]] = deque()

    def update(self, holds: bool, now: float, dwell_times: float = 1.0) -> bool:
        """Feed one observation. dwell_times: how many times as long it must last for now, at least 1."""
        dwell = self._dwell * dwell_times
        self._seen.append((now, holds))
        began = now - dwell
        # The newest of those that are old enough shows what was when the time began.
        while len(self._seen) > 1 and self._seen[1][0] <= began:
            self._seen.popleft()
        if not holds or self._seen[0][0] > began:
            return False
        return sum(seen for _, seen in self._seen) >= self._agreement * len(self._seen)

    def restart(self) -> None:
        """What came before counts no more: what lay between was not observed."""
        self._seen.clear()


class Latch:
    """On above `enter`, off under `leave`, either only after lasting `dwell_seconds`."""

    def __init__(self, enter: float, leave: float, dwell_seconds: float, agreement: float = 1.0) -> None:
        self.enter = enter
        self._leave = leave
        self._lasting = Lasting(dwell_seconds, agreement)
        self.on = False

    def update(self, value: float, now: float) -> bool:
        """Feed one observation; True in the step in which the state turns."""
        turning = value < self._leave if self.on else value >= self.enter
        if not self._lasting.update(turning, now):
            return False
        self.on = not self.on
        self._lasting.restart()
        return True

    def restart(self) -> None:
        """A change that has begun must last anew: what came after it was not observed."""
        self._lasting.restart()


class Settled(Generic[T]):
    """The value that has been seen without a break for `dwell_seconds`."""

    def __init__(self, start: T, dwell_seconds: float) -> None:
        self.value = start
        self._dwell = dwell_seconds
        self._candidate = start
        self._since = math.inf

    def update(self, seen: T, now: float) -> bool:
        """Feed one observation; True in the step in which the settled value changes."""
        if seen == self.value:
            self._candidate, self._since = seen, math.inf
            return False
        if seen != self._candidate:
            self._candidate, self._since = seen, now
        if now - self._since < self._dwell:
            return False
        self.value, self._since = seen, math.inf
        return True

    def restart(self) -> None:
        """A change that has begun must last anew: what came after it was not observed."""
        self._candidate, self._since = self.value, math.inf
