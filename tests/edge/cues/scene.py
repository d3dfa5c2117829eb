"""A face in front of the camera, told in a line, stepped through the director at a frame rate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Optional

import numpy as np

from edge.cues.director import CueDirector
from edge.emotions import attitudes_of
from edge.facs import ACTION_UNITS, EMOTIONS
from edge.settings import CueSettings
from edge.types import UNSURE, ActionUnits, Attitude, Box, Cue, Emotion, Face, Reading

WIDTH = 600
SMILE = {"AU06": 0.8, "AU12": 0.95}
Shown = Optional[Reading]


def face(x: float = 260, track: int = 1) -> Face:
    return Face(Box(x, 100, 80, 100), np.zeros((5, 2), np.float32), 0.9, track)


def reading(
    units: dict[str, float] | None = None,
    emotion: str = "neutral",
    confidence: float = 0.9,
    quality: float = 1.0,
    x: float = 260,
    track: int = 1,
) -> Reading:
    """What a face shows: units not named are at 0.05, other emotions share the rest."""
    scores = {**dict.fromkeys(ACTION_UNITS, 0.05), **(units or {})}
    rest = (1 - confidence) / (len(EMOTIONS) - 1)
    shares = {name: confidence if name == emotion else rest for name in EMOTIONS}
    attitudes = attitudes_of(shares)
    attitude = max(attitudes, key=lambda name: attitudes[name])
    return Reading(
        face(x, track),
        ActionUnits(scores),
        Emotion(emotion, confidence, shares),
        Attitude(attitude, attitudes[attitude], attitudes),
        quality,
        0.0,
    )


def unsure() -> Reading:
    flat = dict.fromkeys(EMOTIONS, 0.125)
    return Reading(
        face(),
        ActionUnits(dict.fromkeys(ACTION_UNITS, 0.05)),
        Emotion(UNSURE, 0.3, flat),
        Attitude(UNSURE, 0.3, attitudes_of(flat)),
        1.0,
        0.0,
    )


class Scene:
    """Steps a director; `said` are the labels of all its cues, `cues` the cues."""

    def __init__(self, rate: float = 20.0, **settings: object) -> None:
        self.director = CueDirector(CueSettings(**settings))  # type: ignore[arg-type]
        self.rate = rate
        self.cues: list[Cue] = []
        self._step = 0

    @property
    def now(self) -> float:
        return self._step / self.rate

    @property
    def said(self) -> list[str]:
        return [cue.label for cue in self.cues]

    def show(self, shown: Shown, seconds: float, people: int = 1, height: int = 0) -> list[str]:
        """The same for some seconds; returns the labels said meanwhile."""
        return self.play([shown] * round(seconds * self.rate), people, height)

    def play(self, frames: Iterable[Shown], people: int = 1, height: int = 0) -> list[str]:
        """One frame after the other; None is a picture with nobody in it."""
        before = len(self.cues)
        for shown in frames:
            seen = shown.face if shown else None
            self.cues += self.director.update(seen, shown, WIDTH, self.now, people, height)
            self._step += 1
        return self.said[before:]

    def unreadable(self, seconds: float) -> list[str]:
        """A face is seen, but cannot be read at all."""
        before = len(self.cues)
        for _ in range(round(seconds * self.rate)):
            self.cues += self.director.update(face(), None, WIDTH, self.now)
            self._step += 1
        return self.said[before:]

    def no_picture(self, seconds: float) -> None:
        self._step += round(seconds * self.rate)

    def arrive(self) -> Scene:
        """Somebody neutral has been here for a while."""
        self.show(reading(), 3.0)
        return self
