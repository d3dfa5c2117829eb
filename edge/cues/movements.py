"""Visible movements, read from action units, and the moment in which one has come."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edge.cues.latch import Lasting
from edge.settings import CueSettings

Scores = Mapping[str, float]

MOVEMENTS: dict[str, Callable[[Scores], float]] = {
    "smile": lambda s: s["AU12"],
    "brows_raised": lambda s: (s["AU01"] * s["AU02"]) ** 0.5,
    "frown": lambda s: s["AU04"],
    # A broad smile wrinkles the nose as well, and so does a hard frown; that is no news.
    "nose_wrinkled": lambda s: s["AU09"] * (1.0 - s["AU12"]) * (1.0 - s["AU04"]),
    "mouth_open": lambda s: max(s["AU26"], s["AU27"]),
    "mouth_corners_down": lambda s: s["AU15"],
}
"""Movement -> its probability 0..1, from the units' probabilities; the order is that of salience.

Source of the combinations: Ekman, Friesen & Hager 2002.
"""

NEEDED_UNITS = ("AU01", "AU02", "AU04", "AU09", "AU12", "AU15", "AU26", "AU27")
"""A model without these cannot say movements."""

OF_THE_MOUTH = ("smile", "nose_wrinkled", "mouth_open", "mouth_corners_down")
"""What a hand before the mouth hides."""
ONLY_SPEECH = ("mouth_open",)
"""What is no news of somebody who talks, however long it lasts."""
SLOW = {"mouth_open": 2.0, "nose_wrinkled": 2.0}
"""Movement -> how many times as long it must last: a mouth opens for a word, a nose twitches."""
USUAL = math.log(0.1 / 0.9)
"""Log-odds of a movement of somebody of whom nothing is known yet."""
MOST_USUAL = 0.0
"""What a face shows at first sight may be its resting look, up to even odds: beyond, it moves."""
NEVER_AT_REST = {"smile": math.log(0.3 / 0.7)}
"""Faces droop and frown at rest; they do not smile."""
ONLY_SURE = ("nose_wrinkled", "mouth_corners_down")
"""Small things, of which "maybe" would say too little."""
FALL_SECONDS, RISE_SECONDS = 1.0, 10.0
"""How fast a person's usual level follows the face down and up: what lasts becomes usual."""
MOST_ELAPSED_SECONDS = 0.5


@dataclass(frozen=True)
class Turn:
    """A movement has come. sure: plain to be seen; else it is only told as "maybe"."""

    sure: bool


class Movement:
    """One movement of one person: when it comes, and when it is gone.

    It comes in one of three ways, each of which must last: surely (`sure_from`); probably (`enter`), and
    then twice as long; or faintly (`faint_from`), but far above this person's own level of the last
    seconds (`faint_rise`), and then twice as long too. All must lie above that level by `least_rise`:
    a face that always frowns a little has not begun to frown. Somebody who talks moves half the face:
    then only what is sure counts, for `talking_dwell_seconds`, and an open mouth not at all.
    """

    def __init__(self, label: str, settings: CueSettings, dwell_times: float = 1.0) -> None:
        self._settings = settings
        self._label = label
        dwell = settings.dwell_seconds * SLOW.get(label, 1.0) * dwell_times
        self._surely = Lasting(dwell, settings.agreement)
        self._probably = Lasting(dwell * settings.unsure_dwell_times, settings.agreement)
        self._in_speech = Lasting(max(dwell, settings.talking_dwell_seconds), settings.agreement)
        self._gone = Lasting(dwell, settings.agreement)
        self._usual: float | None = None
        self._at = -math.inf
        self.on = False

    def update(self, probability: float, talking: bool, now: float) -> Turn | None:
        """Feed one observation, 0..1; a Turn in the step in which the movement has come."""
        s = self._settings
        value = _log_odds(probability)
        rise = value - self._follow(value, now)
        above = rise >= s.least_rise
        sure = above and probability >= max(s.sure_from, s.enter)
        faint = probability >= s.faint_from and rise >= s.faint_rise
        probable = (above and probability >= s.enter) or faint
        # All are fed always, so that none begins anew when speech begins or ends.
        surely = self._surely.update(sure, now)
        probably = self._probably.update(probable, now)
        in_speech = self._in_speech.update(sure, now)
        gone = self._gone.update(probability < s.leave and not faint, now)
        if self.on:
            if gone:
                self.on = False
            return None
        if talking:
            surely, probably = in_speech and self._label not in ONLY_SPEECH, False
        if self._label in ONLY_SURE:
            probably = False
        if not surely and not probably:
            return None
        self.on = True
        return Turn(surely)

    def look(self, probability: float, now: float) -> None:
        """Learn this person's usual level from a glimpse of which nothing is to be said."""
        self._follow(_log_odds(probability), now)

    def near(self, probability: float) -> bool:
        """Whether it is there, or may be said to be there in a moment."""
        return self.on or probability >= self._settings.enter

    def restart(self) -> None:
        """A change that has begun must last anew: what came after it was not observed."""
        for lasting in (self._surely, self._probably, self._in_speech, self._gone):
            lasting.restart()

    def forget(self) -> None:
        """Learn this person's usual level anew; what is there stays there."""
        self._usual = None

    def _follow(self, value: float, now: float) -> float:
        """This person's usual level, as it was before this observation."""
        if self._usual is None:
            most = NEVER_AT_REST.get(self._label, MOST_USUAL)
            self._usual, self._at = min(max(value, USUAL), most), now
        usual = self._usual
        seconds = RISE_SECONDS if value > usual else FALL_SECONDS
        # What was not observed was not usual either.
        elapsed = min(max(0.0, now - self._at), MOST_ELAPSED_SECONDS)
        self._usual += (value - usual) * (1.0 - math.exp(-elapsed / seconds))
        self._at = now
        return usual


def _log_odds(probability: float) -> float:
    p = min(max(probability, 1e-6), 1.0 - 1e-6)
    return math.log(p / (1.0 - p))
