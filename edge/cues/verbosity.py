"""The three steps of how much is said."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Verbosity:
    """One step; the figures of [cues] are those of "normal", and stretched here.

    maybe: what is not sure is said as "maybe". place: near, far, turned away and facing, when it changes;
    arrival: also of somebody who comes. count: how many people there are. talking: that somebody talks.
    hints: how many times cues.hint_seconds a face must be unreadable until it is told why; 0: never.
    aim: a face at the picture's edge is told of in the same way, though it can be read.
    """

    cooldown_times: float
    dwell_times: float
    maybe: bool
    place: bool
    arrival: bool
    count: bool
    talking: bool
    hints: float
    aim: bool


STEPS: dict[str, Verbosity] = {
    "few": Verbosity(
        cooldown_times=3.0,
        dwell_times=1.5,
        maybe=False,
        place=False,
        arrival=False,
        count=False,
        talking=False,
        hints=0.0,
        aim=False,
    ),
    "normal": Verbosity(
        cooldown_times=1.0,
        dwell_times=1.0,
        maybe=True,
        place=True,
        arrival=False,
        count=True,
        talking=False,
        hints=1.0,
        aim=False,
    ),
    "many": Verbosity(
        cooldown_times=0.5,
        dwell_times=1.0,
        maybe=True,
        place=True,
        arrival=True,
        count=True,
        talking=True,
        hints=0.4,
        aim=True,
    ),
}
