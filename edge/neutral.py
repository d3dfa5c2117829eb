"""A person's own resting face, learned while the person is looked at."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from edge.emotions import EmotionStage
from edge.types import Float32

MOST_AWAY = 2.0
"""Log-odds by which a neutral may differ from the average one: what differs by more is an expression."""
NEUTRAL_FROM = 0.35
"""A face as neutral as this may be at rest, though it looks more like something else."""
NEVER_AT_REST = "happiness"
"""A smile is how one greets; resting faces are mistaken for sad and angry ones, hardly for smiles."""
STEADY_TIMES = 2.5
"""A face that keeps still is believed after this many times the seconds that a neutral one needs."""
STEADY_SPREAD = 1.0
"""Log-odds between the tenth and the ninetieth hundredth of a unit that keeps still."""
STEADY_SHARE = 0.75
"""Of the units, so many must keep still. Rather too many than too few: a resting face that is not
learned is called sad once, but a crying one that is taken for it is called neutral."""
NEUTRAL_SHOWN = 0.25
"""Who looked neutral for this share of the seconds needed has shown what a neutral looks like."""
SAMPLE_SECONDS = 0.09
"""Samples are taken no faster than this, so that a fast camera costs no more."""
MOST_SAMPLE_SECONDS = 0.5
"""A sample stands for the time since the one before, but for no more than this."""


@dataclass(eq=False)
class _Person:
    seen_at: float
    sampled_at: float = -math.inf
    calm: list[Float32] = field(default_factory=list)
    calm_seconds: float = 0.0
    recent: deque[tuple[float, Float32]] = field(default_factory=deque)
    recent_seconds: float = 0.0
    neutral: Float32 | None = None
    known: bool = False


class NeutralLearner:
    """Learns the resting log-odds of every person from the first seconds in which the face may be at rest.

    seconds: so much of a neutral face is needed; 0 switches the learning off. least_quality: 0..1,
    poorer pictures teach nothing. forget_seconds: a track unseen for this long is forgotten; who
    comes back gets a new track and is learned anew.

    A picture teaches in one of two ways, judged by the stage as if the person were the average one:

    - It looks neutral (most probably, or to NEUTRAL_FROM), and not most probably happy: somebody
      who comes smiling or laughing teaches nothing until the smile is over. The neutral is the
      median of these pictures, drawn to the average until there are enough `seconds` of them. Who
      talks all the time is learned too: the median of what the lips do in speech, the rest at rest.
    - It hardly ever looks neutral, but keeps still: a drooping resting face is most probably sad in
      every picture, and would never be learned in the first way. Felt expressions pass within about
      four seconds (Ekman & Friesen 1982, of smiles), and a face that cries or scolds moves: so where
      nearly all units moved by less than STEADY_SPREAD over STEADY_TIMES x `seconds` of pictures,
      these are at rest, and the others are taken to be average. Whoever cries with a still face for
      that long, from the first moment on, is mistaken for such a person; nobody is who looked
      neutral before. A drooping face that talks vividly is not learned.

    Once learned, a neutral stays, so that what lasts later is an expression. It is never more than
    MOST_AWAY from the average: whatever was mistaken for rest, a strong expression stays one.
    Source: the person's median as the baseline, Baltrusaitis, Mahmoud & Robinson 2015, who assume
    that people look neutral most of the time; the two ways above are what is left of the assumption.
    """

    def __init__(
        self, stage: EmotionStage, seconds: float, least_quality: float, forget_seconds: float
    ) -> None:
        self._stage = stage
        self._seconds = seconds
        self._least_quality = least_quality
        self._forget = forget_seconds
        self._people: dict[int, _Person] = {}

    def keep(self, tracks: Iterable[int], now: float) -> None:
        """Tell who is in view, read or not; the others are forgotten in time."""
        for track in tracks:
            if track in self._people:
                self._people[track].seen_at = now
        self._people = {t: p for t, p in self._people.items() if now - p.seen_at <= self._forget}

    def update(self, logits: Float32, track: int, quality: float, now: float) -> Float32 | None:
        """Learn from one picture of a person; the neutral to read it with, None for the average one.

        logits: float32 [K], smoothed. quality: 0..1. now: seconds. Returns float32 [K].
        """
        average = self._stage.neutral_average
        if self._seconds <= 0 or average is None:
            return None
        person = self._people.setdefault(track, _Person(now))
        elapsed = now - person.sampled_at
        if not person.known and quality >= self._least_quality and not 0 <= elapsed < SAMPLE_SECONDS:
            # The first picture stands for itself, and so does one after a clock was set back.
            first = not 0 <= elapsed < math.inf
            seconds = SAMPLE_SECONDS if first else min(elapsed, MOST_SAMPLE_SECONDS)
            person.sampled_at = now
            self._learn(person, logits, average, seconds)
        return person.neutral

    def known(self, track: int) -> bool:
        """Whether the neutral of this person is learned and no longer drawn to the average."""
        return track in self._people and self._people[track].known

    def reset(self) -> None:
        """Forget everybody."""
        self._people.clear()

    def _learn(self, person: _Person, logits: Float32, average: Float32, seconds: float) -> None:
        shares = dict(zip(self._stage.emotions, self._stage.probabilities(logits)))
        looks = max(shares, key=lambda name: shares[name])
        if looks == NEVER_AT_REST:
            return
        if looks == "neutral" or shares.get("neutral", 0.0) >= NEUTRAL_FROM:
            person.calm.append(logits)
            person.calm_seconds += seconds
            trust = min(1.0, person.calm_seconds / self._seconds)
            away = bounded(np.median(person.calm, axis=0), average) - average
            self._settle(person, average + np.float32(trust) * away, trust >= 1.0)
            if person.known:
                return
        person.recent.append((seconds, logits))
        person.recent_seconds += seconds
        self._keep_still(person, average)

    def _keep_still(self, person: _Person, average: Float32) -> None:
        wanted = STEADY_TIMES * self._seconds
        while person.recent_seconds - person.recent[0][0] >= wanted:
            person.recent_seconds -= person.recent.popleft()[0]
        shown = person.calm_seconds >= NEUTRAL_SHOWN * self._seconds
        if shown or person.recent_seconds < wanted:
            return
        low, middle, high = np.percentile([logits for _, logits in person.recent], (10, 50, 90), axis=0)
        still = high - low < STEADY_SPREAD
        if still.mean() >= STEADY_SHARE:
            self._settle(person, np.where(still, bounded(middle, average), average), True)

    def _settle(self, person: _Person, neutral: Float32, known: bool) -> None:
        person.neutral, person.known = neutral.astype(np.float32), known
        if known:
            person.calm.clear()
            person.recent.clear()


def bounded(neutral: Float32, average: Float32) -> Float32:
    """A resting face, learned or given, no further than MOST_AWAY from the average: float32 [K]."""
    return np.asarray(np.clip(neutral, average - MOST_AWAY, average + MOST_AWAY), dtype=np.float32)
