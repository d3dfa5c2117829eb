"""Whether somebody is there, and where."""

from __future__ import annotations

from edge.cues.latch import Settled
from edge.types import Face

LEFT, RIGHT = 1 / 3, 2 / 3
"""Thirds of the picture's width."""


class Presence:
    """A person is there after `person_seconds`, gone after `absent_seconds` without a face."""

    def __init__(self, person_seconds: float, absent_seconds: float) -> None:
        self._arriving = Settled(False, person_seconds)
        self._absent = absent_seconds
        self._seen_at = 0.0

    @property
    def present(self) -> bool:
        return self._arriving.value

    def update(self, face: Face | None, width_pixels: int, now: float) -> str:
        """ "person_left", "person_ahead" or "person_right" on arrival, "no_face" on leaving, else ""."""
        if face is not None:
            self._seen_at = now
            if not self._arriving.update(True, now):
                return ""
            place = face.box.centre[0] / max(width_pixels, 1)
            return "person_left" if place < LEFT else "person_right" if place > RIGHT else "person_ahead"
        if not self.present:
            self._arriving.restart()
        return self.unseen(now)

    def unseen(self, now: float) -> str:
        """ "no_face" when the last face was too long ago, else "".

        For a moment without a picture: it does not say that nobody is there, so an arrival goes on.
        """
        if now - self._seen_at <= self._absent:
            return ""
        gone = self.present
        self._arriving.value = False
        self._arriving.restart()
        return "no_face" if gone else ""
