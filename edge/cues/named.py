"""An attitude or emotion, and the moment in which a new one may be named."""

from __future__ import annotations

from edge.cues.latch import Lasting
from edge.settings import CueSettings
from edge.types import Attitude, Emotion

NEUTRAL = "neutral"
SLOW_NEUTRAL = 1.5
"""To say that somebody looks neutral takes longer: between two expressions everybody does."""


NEVER_AT_REST = ("happiness", "positive")
"""Resting faces look sad, angry or contemptuous to those who do not know them; hardly ever happy."""


class Named:
    """What was last seen clearly, of one person, neutral to begin with.

    A new one must last for `named_dwell_times` the dwell with a probability of `named_sure_from`, or
    `unsure_dwell_times` as long with `named_from`: then it is only told as "maybe", and neutral is not
    told at all. Its probability must lie above the least that this face has shown, by `named_rise`: what
    stands there from the first moment may be how this face looks at rest. If it lasts for
    `first_named_seconds`, or is as sure as `first_sure_from`, it is said all the same. Of somebody who
    talks only what is sure counts, and for `talking_named_seconds`: the mouth of speech passes through
    contempt and disgust. Unsure is no change: what was last seen clearly still stands.
    """

    def __init__(self, settings: CueSettings, dwell_times: float = 1.0) -> None:
        self._settings = settings
        self._dwell_times = dwell_times
        self.value = NEUTRAL
        self._candidates: dict[str, _Candidate] = {}

    def update(
        self, seen: Emotion | Attitude, talking: bool, sayable: bool, now: float
    ) -> tuple[str, bool] | None:
        """Feed one observation; (name, sure) in the step in which there is a new one.

        sayable: whether it may be said now. What may not is no change yet, and comes when it may.
        """
        new: tuple[str, bool] | None = None
        for name, probability in seen.probabilities.items():
            there = probability if name == seen.name else 0.0
            sure = self._candidate(name).update(probability, there, talking, now)
            if sure is not None and sayable and name == seen.name != self.value:
                new = name, sure
        if new is not None:
            self.value = new[0]
        return new

    def look(self, seen: Emotion | Attitude) -> None:
        """Learn from a glimpse of this face of which nothing is to be said."""
        for name, probability in seen.probabilities.items():
            self._candidate(name).look(probability)

    def _candidate(self, name: str) -> _Candidate:
        if name not in self._candidates:
            self._candidates[name] = _Candidate(name, self._settings, self._dwell_times)
        return self._candidates[name]

    def forget(self) -> None:
        """Learn how this face looks at rest anew; what was seen last still stands."""
        self._candidates = {}

    def restart(self) -> None:
        """A change that has begun must last anew: what came after it was not observed."""
        for candidate in self._candidates.values():
            candidate.restart()


class _Candidate:
    """One attitude or emotion, and how long it has been there."""

    def __init__(self, name: str, settings: CueSettings, dwell_times: float) -> None:
        s = settings
        self._settings = s
        self._name = name
        self._least = 0.0 if name in (NEUTRAL, *NEVER_AT_REST) else 1.0
        slow = SLOW_NEUTRAL if name == NEUTRAL else 1.0
        dwell = s.dwell_seconds * s.named_dwell_times * dwell_times * slow
        self._surely = Lasting(dwell, s.agreement)
        self._probably = Lasting(dwell * s.unsure_dwell_times, s.agreement)
        self._in_speech = Lasting(max(dwell, s.talking_named_seconds), s.agreement)
        self._from_first = Lasting(max(dwell, s.first_named_seconds), s.agreement)

    def update(self, probability: float, there: float, talking: bool, now: float) -> bool | None:
        """Feed one observation; whether it is surely there, None where it is not there for long enough.

        there: the probability where this is the likeliest, else 0.
        """
        s = self._settings
        self.look(probability)
        risen = probability - self._least >= s.named_rise or there >= s.first_sure_from
        sure = there >= max(s.named_sure_from, s.named_from)
        surely = self._surely.update(sure and risen, now)
        probably = self._probably.update(there >= s.named_from and risen, now)
        in_speech = self._in_speech.update(sure and risen, now)
        from_first = self._from_first.update(sure, now)
        if talking:
            surely, probably, from_first = in_speech, False, False
        if surely or from_first:
            return True
        return False if probably and self._name != NEUTRAL else None

    def look(self, probability: float) -> None:
        self._least = min(self._least, probability)

    def restart(self) -> None:
        for lasting in (self._surely, self._probably, self._in_speech, self._from_first):
            lasting.restart()
