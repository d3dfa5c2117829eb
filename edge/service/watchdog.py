"""Says that the work goes on, only where it does."""

from __future__ import annotations

import math

from edge.service.notify import Notifier

SHARE = 0.25
"""Of the watchdog's time, after which it is told again: one message lost is no fault."""
HANG_SECONDS = 30.0
"""A lost source that is neither opened nor read anew for so long hangs in its driver: a restart helps."""


class Watchdog:
    """Fed from the loop's own thread, by what went through the loop and by nothing else.

    A picture that went through all of it feeds; so does a turn while the user has paused it, and one while
    the source is known to be lost, was told of, and is being tried again. A turn in which a picture was due
    and none came does not, nor does any other thread.
    """

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier
        self._told_at = -math.inf

    def picture(self, now: float) -> None:
        """A picture went through the whole loop. now: seconds, monotonic."""
        self._feed(now)

    def turn(self, now: float, paused: bool, lost: bool, stuck_seconds: float) -> None:
        """The loop turned without a picture. stuck_seconds: the source has not returned for."""
        if paused or (lost and stuck_seconds < HANG_SECONDS):
            self._feed(now)

    def _feed(self, now: float) -> None:
        seconds = self._notifier.watchdog_seconds
        due = seconds is not None and now - self._told_at >= SHARE * seconds
        if due and self._notifier.alive():
            self._told_at = now
