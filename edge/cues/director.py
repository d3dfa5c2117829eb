"""From readings to cues: only what changed, only when it lasted, and not again too soon."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from edge.cues.aiming import aim
from edge.cues.catalogue import MAYBE_PHRASES, Catalogue
from edge.cues.latch import Lasting
from edge.cues.movements import MOVEMENTS, OF_THE_MOUTH, Movement
from edge.cues.named import Named
from edge.cues.place import Count, Place
from edge.cues.presence import Presence
from edge.cues.verbosity import STEPS
from edge.settings import CueSettings
from edge.types import UNSURE, Attitude, Cue, Emotion, Face, Priority, Reading

MOST_WORDS = 4
"""In one breath; what does not fit comes with the next picture."""
IMPLIED = {"smile": ("positive", "happiness")}
"""A movement that makes naming these idle."""
IMPLIED_SECONDS = 2.0
MOST_GLIMPSES = 60
TALKS_TIMES = 1.5
"""That somebody talks is said when it has lasted so many times cues.talking_seconds."""
WHERE = ("near", "far", "facing", "turned_away")


@dataclass(frozen=True)
class _Waiting:
    """Something to say, as keys of the catalogue, that another cue of the same picture goes before."""

    kind: str
    phrase: str
    since: float


class CueDirector:
    """Holds what has been said about the attended person, and says only what is new.

    Absence is an input: reading None with face None advances time as well. A time without pictures
    is known by the next one's. Nothing is said of a face before its person has been told of.
    before: the director that this one replaces; who was told of by it is not told of again.
    """

    def __init__(self, settings: CueSettings, before: CueDirector | None = None) -> None:
        self._settings = settings
        self._catalogue = Catalogue(settings.language)
        self._presence = Presence(settings.person_seconds, settings.absent_seconds)
        if before is not None:
            self._presence.take_over(before._presence)
        self._step = STEPS[settings.verbosity]
        self._count = Count(settings.place_seconds)
        self._unreadable: dict[str, Lasting] = {}
        self._hinted_at = -math.inf
        self._read_at = -math.inf
        self._glimpses: list[tuple[Reading, float]] = []
        self._reset()

    def set_levels(self, levels: Sequence[str]) -> None:
        """As in cues.levels, from the next update on."""
        self._settings = replace(self._settings, levels=list(levels))

    def set_verbosity(self, verbosity: str) -> None:
        """few, normal or many, from the next update on; what has been said stays said."""
        self._step = STEPS[verbosity]

    def reset_neutral(self) -> None:
        """Learn how this face usually looks anew; what has been said stays said."""
        for movement in self._moving.values():
            movement.forget()
        self._attitude.forget()
        self._emotion.forget()

    def update(
        self,
        face: Face | None,
        reading: Reading | None,
        width_pixels: int,
        now: float,
        people: int = 1,
        height_pixels: int = 0,
    ) -> list[Cue]:
        """What there is to say now.

        face: the attended face, None if nobody is seen. reading: None where the face could not be
        read. width_pixels: of the picture, for "left" and "right". people: faces in the picture.
        height_pixels: of the picture, 0 where it is not known.
        """
        cues = self._told(self._presence.update(face, width_pixels, now), reading, now)
        number = self._count.update(people if face is not None else 0, now)
        if number and self._step.count:
            self._wait("person", number, now)
        if face is None or not self._presence.knows(face):
            self._interrupted(now)
            self._glimpse(reading, now)
            return cues
        self._where(face, max(width_pixels, height_pixels), now)
        if reading is None or not self._readable(reading):
            self._interrupted(now)
            self._hint(reading.unreadable if reading is not None else UNSURE, now)
        else:
            self._read_at = now
            self._hint(self._off_centre(face, width_pixels, height_pixels), now)
            self._movements(reading, now)
            if reading.covered:
                self._attitude.restart()
                self._emotion.restart()
            else:
                self._named(reading, now)
        return cues or self._next(reading, now)

    def _told(self, event: str, reading: Reading | None, now: float) -> list[Cue]:
        if not event:
            return []
        self._reset()
        if event == "no_face":
            self._count.forget()
        kind = "no_face" if event == "no_face" else "person"
        return [self._cue(kind, (event,), Priority.NEXT, now, reading)]

    def _glimpse(self, reading: Reading | None, now: float) -> None:
        """Remember how a face looked before its person was told of: it is where changes begin."""
        before = self._glimpses[-1] if self._glimpses else None
        absent = self._settings.absent_seconds
        if reading is None or (
            before and (before[0].face.track != reading.face.track or now - before[1] > absent)
        ):
            self._glimpses = []
        if reading is not None and self._readable(reading):
            self._glimpses = [*self._glimpses[-MOST_GLIMPSES:], (reading, now)]

    def _readable(self, reading: Reading) -> bool:
        return not reading.unreadable and reading.quality >= self._settings.least_quality

    def _interrupted(self, now: float) -> None:
        """After a while in which nothing could be read, no change may count as having lasted."""
        if now - self._read_at <= self._settings.dwell_seconds:
            return
        for movement in self._moving.values():
            movement.restart()
        self._attitude.restart()
        self._emotion.restart()

    def _reset(self) -> None:
        """Nothing has been said yet of the person who comes."""
        times = self._step.dwell_times
        self._said_at: dict[str, float] = {}
        self._waiting: deque[_Waiting] = deque()
        self._moving = {label: Movement(label, self._settings, times) for label in MOVEMENTS}
        self._attitude = Named(self._settings, times)
        self._emotion = Named(self._settings, times)
        self._place: Place | None = None
        self._talks = Lasting(TALKS_TIMES * self._settings.talking_seconds, self._settings.agreement)
        self._talked = False
        for reading, now in self._glimpses:
            for label, probability in MOVEMENTS.items():
                self._moving[label].look(probability(reading.units.scores), now)
            self._attitude.look(reading.attitude)
            self._emotion.look(reading.emotion)
        self._glimpses = []

    def _where(self, face: Face, longer_side: float, now: float) -> None:
        if self._place is None:
            self._place = Place(self._settings)
            there = self._place.update(face, longer_side, now)
            if not self._step.arrival:
                return
        else:
            there = self._place.update(face, longer_side, now)
        for phrase in there:
            if self._step.place and self._fresh(phrase, now):
                self._wait("person", phrase, now)

    def _hint(self, reason: str, now: float) -> None:
        """Why the face cannot be read, once that has lasted; "" for a face that can."""
        times = self._step.hints
        if reason and reason not in self._unreadable:
            self._unreadable[reason] = Lasting(self._settings.hint_seconds, self._settings.agreement)
        for name, lasting in self._unreadable.items():
            long = lasting.update(name == reason, now, max(times, 0.01))
            rested = now - self._hinted_at >= self._settings.hint_cooldown_seconds
            if long and rested and times > 0 and name in self._catalogue:
                self._hinted_at = now
                self._wait("hint", name, now)

    def _off_centre(self, face: Face, width_pixels: int, height_pixels: int) -> str:
        """The edge of the picture that a face is at, where that is wanted."""
        if not self._step.aim or height_pixels <= 0:
            return ""
        where = aim(face.box, width_pixels, height_pixels)
        return "" if where == "centred" else where

    def _movements(self, reading: Reading, now: float) -> None:
        # A hand that moves before the mouth looks like speech for a moment.
        talks = self._talks.update(reading.talking and not reading.covered, now)
        if talks and not self._talked and self._step.talking and self._fresh("talking", now):
            self._wait("cue", "talking", now)
        self._talked = talks
        if "movements" not in self._settings.levels:
            return
        for label, probability in MOVEMENTS.items():
            if reading.covered and label in OF_THE_MOUTH:
                self._moving[label].restart()
                continue
            turn = self._moving[label].update(probability(reading.units.scores), reading.talking, now)
            if turn is not None and (turn.sure or self._step.maybe) and self._fresh(label, now):
                self._wait("cue", label if turn.sure else _maybe(label), now)

    def _named(self, reading: Reading, now: float) -> None:
        """The emotion where it is switched on, else the attitude."""
        levels = self._settings.levels
        seen: Emotion | Attitude
        if "emotion" in levels:
            named, seen = self._emotion, reading.emotion
        elif "attitude" in levels:
            named, seen = self._attitude, reading.attitude
        else:
            return
        sayable = self._fresh(seen.name, now) and not self._about_to_be_implied(seen.name, reading)
        new = named.update(seen, reading.talking, sayable, now)
        if new is None:
            return
        label, sure = new
        if (sure or self._step.maybe) and not self._implied(label, now):
            self._wait("cue", label if sure else _maybe(label), now)

    def _about_to_be_implied(self, label: str, reading: Reading) -> bool:
        """Whether a movement that comes in a moment will have said it."""
        return "movements" in self._settings.levels and any(
            label in named
            and not self._moving[movement].on
            and self._moving[movement].near(MOVEMENTS[movement](reading.units.scores))
            for movement, named in IMPLIED.items()
        )

    def _implied(self, label: str, now: float) -> bool:
        return any(
            label in named
            and (self._moving[movement].on or now - self._said_at.get(movement, -math.inf) <= IMPLIED_SECONDS)
            for movement, named in IMPLIED.items()
        )

    def _wait(self, kind: str, phrase: str, now: float) -> None:
        self._said_at[_label(phrase)] = now
        self._waiting.append(_Waiting(kind, phrase, now))

    def _next(self, reading: Reading | None, now: float) -> list[Cue]:
        """What has waited longest, with others of its kind as far as they fit in one breath."""
        while self._waiting and now - self._waiting[0].since > self._settings.expiry_seconds:
            self._waiting.popleft()
        if not self._waiting:
            return []
        first = self._waiting.popleft()
        phrases = [first.phrase]
        while self._waiting and self._waiting[0].kind == first.kind:
            both = [*phrases, self._waiting[0].phrase]
            if not _together(both) or len(self._catalogue.listed(both).split()) > MOST_WORDS:
                break
            phrases.append(self._waiting.popleft().phrase)
        priority = Priority.NEXT if first.kind == "person" else Priority.NORMAL
        return [self._cue(first.kind, tuple(phrases), priority, now, reading)]

    def _fresh(self, what: str, now: float) -> bool:
        cooldown = self._step.cooldown_times * self._settings.cooldown_seconds
        return now - self._said_at.get(what, -math.inf) >= cooldown

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
        return Cue(kind, _label(phrases[0]), text, priority, now, expires_at, reading, phrases)


def _maybe(label: str) -> str:
    return f"maybe_{label}"


def _label(phrase: str) -> str:
    """What a phrase is about, however sure it is."""
    return phrase[len("maybe_") :] if phrase in MAYBE_PHRASES else phrase


def _together(phrases: Sequence[str]) -> bool:
    """Two movements may share a breath, or distance and direction; what is named stands alone."""
    return len(phrases) <= 2 and any(all(p in kind for p in phrases) for kind in (MOVEMENTS, WHERE))
