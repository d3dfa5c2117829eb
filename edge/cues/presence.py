"""Whether somebody is there, where, and whether it is still the same person."""

from __future__ import annotations

import math

from edge.cues.latch import Settled
from edge.types import Box, Face

LEFT, RIGHT = 1 / 3, 2 / 3
"""Thirds of the picture's width."""
SAME_PLACE = 0.3
"""A new track whose box overlaps the old one's this much is the same person, found anew."""


class Presence:
    """A person is there after `person_seconds`, gone after `absent_seconds` in pictures without a face.

    Another track that is attended for `person_seconds` is another person. A time without pictures
    shows nobody's absence: when it was longer than `absent_seconds`, whoever was there before it is
    forgotten without a word.
    """

    def __init__(self, person_seconds: float, absent_seconds: float) -> None:
        self._someone = Settled(False, person_seconds)
        self._track = Settled(-1, person_seconds)
        self._absent = absent_seconds
        self._box = Box(0, 0, 0, 0)
        self._box_at = -math.inf
        self._face_at = -math.inf
        self._picture_at = -math.inf

    def take_over(self, before: Presence) -> None:
        """Begin with what another one, with other times, knows."""
        self._someone.value, self._track.value = before._someone.value, before._track.value
        self._box, self._box_at = before._box, before._box_at
        self._face_at, self._picture_at = before._face_at, before._picture_at

    def knows(self, face: Face) -> bool:
        """Whether this is the person who has been told of."""
        return self._someone.value and face.track == self._track.value

    def update(self, face: Face | None, width_pixels: int, now: float) -> str:
        """Feed one picture; what is new in it, or "".

        "person_left", "person_ahead" or "person_right" when somebody arrives or another person is
        attended, "no_face" on leaving.
        """
        if now - self._picture_at > self._absent:
            self._forget()
        self._picture_at = now
        if face is None:
            return self._nobody(now)
        self._face_at = now
        new = self._is_new(face, now)
        if self.knows(face):
            self._box, self._box_at = face.box, now
        if not new:
            return ""
        place = face.box.centre[0] / max(width_pixels, 1)
        return "person_left" if place < LEFT else "person_right" if place > RIGHT else "person_ahead"

    def _nobody(self, now: float) -> str:
        self._track.restart()
        if not self._someone.value:
            self._someone.restart()
        if now - self._face_at <= self._absent:
            return ""
        gone = self._someone.value
        self._forget()
        return "no_face" if gone else ""

    def _is_new(self, face: Face, now: float) -> bool:
        if not self._someone.value:
            arrived = self._someone.update(True, now)
            if arrived:
                self._track.value = face.track
            return arrived
        if now - self._box_at <= self._absent and face.box.overlap(self._box) >= SAME_PLACE:
            self._track.value = face.track
        return self._track.update(face.track, now)

    def _forget(self) -> None:
        self._someone.value = False
        self._someone.restart()
        self._track.restart()
