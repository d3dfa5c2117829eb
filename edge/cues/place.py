"""How far away the attended person is, whether turned to the camera, and how many there are."""

from __future__ import annotations

from edge.cues.latch import Latch, Settled
from edge.quality import facing
from edge.settings import CueSettings
from edge.types import Face

HYSTERESIS = 0.85
"""Who is near stays so until the face is smaller than this share of what near begins with."""
TURNED_UNDER, FACING_FROM = 0.25, 0.6
"""Of edge.quality.facing: 1 looks at the camera, 0 is a profile."""


class Place:
    """Of one person: near or far, facing or turned away, each after `place_seconds`.

    Nearness is the width of the face as a share of the picture's longer side: it needs no knowledge of
    the camera, and for a usual one (60 degrees) 0.16 is about 0.8 m and 0.06 about 2 m.
    """

    def __init__(self, settings: CueSettings) -> None:
        s = settings
        self._near = Latch(s.near_share, s.near_share * HYSTERESIS, s.place_seconds)
        # Far is small: the same latch on the inverse.
        self._far = Latch(1.0 / s.far_share, HYSTERESIS / s.far_share, s.place_seconds)
        self._turned = Latch(1.0 - TURNED_UNDER, 1.0 - FACING_FROM, s.place_seconds)
        self._first = True

    def update(self, face: Face, longer_side_pixels: float, now: float) -> list[str]:
        """What has changed, as keys of the catalogue; the first time what there is, without waiting."""
        share = max(face.box.width, 1.0) / max(longer_side_pixels, 1.0)
        away = 1.0 - facing(face.landmarks)
        if self._first:
            self._first = False
            self._near.on = share >= self._near.enter
            self._far.on = 1.0 / share >= self._far.enter
            self._turned.on = away >= self._turned.enter
            far_or_near = ["near"] if self._near.on else ["far"] if self._far.on else []
            return [*far_or_near, "turned_away" if self._turned.on else "facing"]
        changed = []
        if self._near.update(share, now) and self._near.on:
            changed.append("near")
        if self._far.update(1.0 / share, now) and self._far.on:
            changed.append("far")
        if self._turned.update(away, now):
            changed.append("turned_away" if self._turned.on else "facing")
        return changed


class Count:
    """How many people are there, from two on, when it has been so for `place_seconds`."""

    WORDS = ("one_person", "two_people", "three_people", "many_people")

    def __init__(self, seconds: float) -> None:
        self._several = Settled(1, seconds)

    def update(self, people: int, now: float) -> str:
        """The new number as a key of the catalogue, or ""; nobody is no number: they are told to be gone."""
        if people == 0 or not self._several.update(min(people, len(self.WORDS)), now):
            return ""
        return self.WORDS[self._several.value - 1]

    def forget(self) -> None:
        """Nobody is there any more."""
        self._several.value = 1
        self._several.restart()
