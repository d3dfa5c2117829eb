"""How long to wait before a lost stick is started again."""

from __future__ import annotations


class BackOff:
    """Pauses that double from `first` to `most` seconds, and begin anew after a time that was good."""

    def __init__(self, first: float, most: float) -> None:
        self._first = first
        self._most = most
        self._next = first

    def pause(self, served_seconds: float) -> float:
        """Seconds to wait now. served_seconds: how long the stick answered since the last pause."""
        if served_seconds > self._next:
            self._next = self._first
        pause = min(self._next, self._most)
        self._next = min(pause * 2.0, self._most)
        return pause
