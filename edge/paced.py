"""A clip played at its own speed, as if it were a camera."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from edge.loop import Reader
from edge.types import Frame


class PacedFrames:
    """Hands out each frame when its time has come, and skips those that came while nobody asked.

    clock: seconds; the clip begins at the first call of latest. wait: sleeps for the given
    seconds, or returns sooner when the program is to stop.
    """

    lost = False

    def __init__(self, reader: Reader, clock: Callable[[], float], wait: Callable[[float], object]) -> None:
        self._reader = reader
        self._clock = clock
        self._wait = wait
        self._offset: float | None = None
        self._next: Frame | None = None
        self.ended = False

    def latest(self, timeout_seconds: float) -> Frame | None:
        """The frame that a viewer would see now; captured_at is on the clock."""
        if self._next is None and not self.ended:
            self._advance()
        if self._next is None:
            return None
        if self._offset is None:
            self._offset = self._clock() - self._next.captured_at
        due = self._next.captured_at + self._offset
        early = due - self._clock()
        if early > 0:
            self._wait(min(early, timeout_seconds))
            if early > timeout_seconds:
                return None
        found = self._next
        self._advance()
        while self._next is not None and self._next.captured_at + self._offset <= self._clock():
            found = self._next
            self._advance()
        return replace(found, captured_at=found.captured_at + self._offset)

    def pause(self) -> bool:
        """Stand still; the clip goes on from here with the next call of latest."""
        self._offset = None
        return True

    def resume(self) -> None:
        """The next call of latest goes on."""

    def _advance(self) -> None:
        self._next = self._reader.read()
        self.ended = self._next is None
