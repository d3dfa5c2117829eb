"""From readings to cues: only what changed, only when it lasted, and not again too soon."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from edge.cues.catalogue import Catalogue
from edge.cues.latch import Latch, Settled
from edge.cues.movements import MOVEMENTS
from edge.cues.presence import Presence
from edge.settings import CueSettings
from edge.types import UNSURE, Attitude, Cue, Emotion, Face, Priority, Reading

NAMED_DWELL = 2.0
"""An attitude or emotion must last this many times longer than a movement: it claims more."""
MOST_TOGETHER = 2
"""Movements said in one breath."""
IMPLIED = {"smile": ("positive", "happiness")}
"""A movement just said that makes naming these idle."""
IMPLIED_SECONDS = 2.0
COOLDOWN_TIMES = {"few": 3.0, "normal": 1.0, "many": 0.5}
"""Verbosity -> by how much cues.cooldown_seconds is stretched."""


class CueDirector:
    """Holds what has been said about the attended person, and says only what is new.

    Absence is an input: reading None with face None advances time as well. A time without pictures
    is known by the next one's. Nothing is said of a face before its person has been told of.
    """

    def __init__(self, settings: CueSettings) -> None:
        self._settings = settings
        self._catalogue = Catalogue(settings.language)
        self._presence = Presence(settings.person_seconds, settings.absent_seconds)
        self._read_at = -math.inf
        self._cooldown_times = 1.0
        self._reset()

    def set_levels(self, levels: Sequence[str]) -> None:
        """As in cues.levels, from the next update on."""
        self._settings = replace(self._settings, levels=list(levels))

    def set_verbosity(self, verbosity: str) -> None:
        """few, normal or many, from the next update on."""
        self._cooldown_times = COOLDOWN_TIMES[verbosity]

    def update(self, face: Face | None, reading: Reading | None, width_pixels: int, now: float) -> list[Cue]:
        """What there is to say now.

        face: the attended face, None if nobody is seen. reading: None where the face could not be
        read. width_pixels: of the picture, for "left" and "right".
        """
        cues = self._told(self._presence.update(face, width_pixels, now), reading, now)
        known = face is not None and self._presence.knows(face)
        if reading is None or not known or reading.quality < self._settings.least_quality:
            if now - self._read_at > self._settings.dwell_seconds:
                self._restart()
            return cues
        self._read_at = now
        # What is to be named waits for the next step rather than being lost.
        return cues + (self._movements(reading, now) or self._named(reading, now))

    def _told(self, event: str, reading: Reading | None, now: float) -> list[Cue]:
        if not event:
            return []
        self._reset()
        kind = "no_face" if event == "no_face" else "person"
        return [self._cue(kind, (event,), Priority.NEXT, now, reading)]

    def _restart(self) -> None:
        """After a while in which nothing could be read, no change may count as having lasted."""
        for latch in self._latches.values():
            latch.restart()
        self._attitude.restart()
        self._emotion.restart()

    def _reset(self) -> None:
        """Nothing has been said yet of the person who comes."""
        s = self._settings
        self._said_at: dict[str, float] = {}
        self._latches = {m: Latch(s.enter, s.leave, s.dwell_seconds) for m in MOVEMENTS}
        self._attitude = Settled("neutral", s.dwell_seconds * NAMED_DWELL)
        self._emotion = Settled("neutral", s.dwell_seconds * NAMED_DWELL)

    def _movements(self, reading: Reading, now: float) -> list[Cue]:
        if "movements" not in self._settings.levels:
            return []
        turned = []
        for label, probability in MOVEMENTS.items():
            latch = self._latches[label]
            if latch.update(probability(reading.units.scores), now) and latch.on and self._fresh(label, now):
                turned.append(label)
        if not turned:
            return []
        chosen = turned[:MOST_TOGETHER]
        for label in chosen:
            self._said_at[label] = now
        return [self._cue("cue", tuple(chosen), Priority.NORMAL, now, reading)]

    def _named(self, reading: Reading, now: float) -> list[Cue]:
        """The emotion where it is switched on, else the attitude."""
        levels = self._settings.levels
        seen: Emotion | Attitude
        if "emotion" in levels:
            settled, seen = self._emotion, reading.emotion
        elif "attitude" in levels:
            settled, seen = self._attitude, reading.attitude
        else:
            return []
        # Unsure is no change: what was last seen clearly still stands. Nor is, for now, what was
        # said a moment ago: it is said again if it still lasts when the cooldown is over.
        clear = seen.name != UNSURE and seen.confidence >= self._settings.named_from
        sayable = clear and self._fresh(seen.name, now)
        if not settled.update(seen.name if sayable else settled.value, now):
            return []
        label = settled.value
        implied = any(
            label in named and now - self._said_at.get(movement, -math.inf) <= IMPLIED_SECONDS
            for movement, named in IMPLIED.items()
        )
        if implied:
            return []
        self._said_at[label] = now
        return [self._cue("cue", (label,), Priority.NORMAL, now, reading)]

    def _fresh(self, what: str, now: float) -> bool:
        return (
            now - self._said_at.get(what, -math.inf) >= self._cooldown_times * self._settings.cooldown_seconds
        )

    def _cue(
        self,
        kind: str,
        phrases: tuple[str, ...],
        priority: Priority,
        now: float,
        reading: Reading | None,
    ) -> Cue:
        text = self._catalogue.listed(phrases)
        expires_at = now + self._settings.expiry_seconds
        return Cue(kind, phrases[0], text, priority, now, expires_at, reading, phrases)
