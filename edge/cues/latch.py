"""Deciding that something changed, without flicker."""

from __future__ import annotations

import math
from typing import Generic, TypeVar

T = TypeVar("T")


class Latch:
    """On above `enter`, off under `leave`, either only after lasting `dwell_seconds`."""

    def __init__(self, enter: float, leave: float, dwell_seconds: float) -> None:
        self._enter = enter
        self._leave = leave
        self._dwell = dwell_seconds
        self._since: float | None = None
        self.on = False

    def update(self, probability: float, now: float) -> bool:
        """Feed one observation; True in the step in which the state turns."""
        turning = probability < self._leave if self.on else probability >= self._enter
        if not turning:
            self._since = None
            return False
        if self._since is None:
            self._since = now
        if now - self._since < self._dwell:
            return False
        self.on = not self.on
        self._since = None
        return True

    def restart(self) -> None:
        """A change that has begun must last anew: what came after it was not observed."""
        self._since = None


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
