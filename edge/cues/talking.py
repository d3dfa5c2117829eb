"""Whether somebody talks: in speech the mouth opens and shuts several times a second."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping

from edge.settings import CueSettings

MOUTH_UNITS = ("AU25", "AU26", "AU27")
"""Lips part, jaw drop, mouth stretch: what opens the mouth."""
MOST_LOG_ODDS = 4.0
"""Beyond this a unit is there, or not there; what it does further is noise."""


class Talking:
    """Counts how often the mouth turns from opening to shutting and back.

    A turn counts if the mouth has moved by `talking_swing` log-odds since the one before; so many of
    them (`talking_swings`) within `talking_seconds` are speech, which goes on until none has come for
    `talking_seconds`. Syllables come 3 to 5 times a second in every language (Pellegrino, Coupe & Marsico
    2011), two turns each; a smile, a yawn or a look of surprise is two turns in all. A hand that moves
    before the mouth looks like speech, and is as good a reason not to trust the mouth.
    """

    def __init__(self, settings: CueSettings) -> None:
        self._settings = settings
        self._track = -1
        self._seen_at = -math.inf
        self._forget()

    def update(self, log_odds: Mapping[str, float], track: int, now: float) -> bool:
        """Feed one picture's units, not smoothed; whether the person of this track talks."""
        s = self._settings
        if track != self._track or now - self._seen_at > s.absent_seconds:
            self._forget()
        self._track, self._seen_at = track, now
        for unit in MOUTH_UNITS:
            if unit in log_odds and self._turns[unit].update(log_odds[unit]):
                self._turned[unit].append(now)
        for turned in self._turned.values():
            while turned and now - turned[0] > s.talking_seconds:
                turned.popleft()
        if any(len(turned) >= s.talking_swings for turned in self._turned.values()):
            self._talks = True
        elif not any(self._turned.values()):
            self._talks = False
        return self._talks

    def _forget(self) -> None:
        swing = self._settings.talking_swing
        self._turns = {unit: _Turns(swing) for unit in MOUTH_UNITS}
        self._turned: dict[str, deque[float]] = {unit: deque() for unit in MOUTH_UNITS}
        self._talks = False


class _Turns:
    """Finds the turning points of a curve, smaller ones than `swing` left out."""

    def __init__(self, swing: float) -> None:
        self._swing = swing
        self._low = math.inf
        self._high = -math.inf
        self._rising: bool | None = None

    def update(self, value: float) -> bool:
        """Whether the curve has turned by now."""
        value = min(max(value, -MOST_LOG_ODDS), MOST_LOG_ODDS)
        self._low, self._high = min(self._low, value), max(self._high, value)
        if self._rising is not False and self._high - value >= self._swing:
            self._rising, self._low = False, value
            return True
        if self._rising is not True and value - self._low >= self._swing:
            self._rising, self._high = True, value
            return True
        return False
