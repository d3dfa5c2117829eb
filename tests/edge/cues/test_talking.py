"""Speech is known by a mouth that opens and shuts again and again."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from edge.cues.talking import Talking
from edge.settings import CueSettings

Mouth = Callable[[float], float]


def speech(syllables: float = 4.0, swing: float = 2.0) -> Mouth:
    """Log-odds of the lips being apart, from -3 up."""
    return lambda now: -3.0 + swing * (0.5 - 0.5 * math.cos(2 * math.pi * syllables * now))


def talked(mouth: Mouth, seconds: float, rate: float = 25.0, unit: str = "AU25") -> list[float]:
    """The times at which it was speech."""
    talking = Talking(CueSettings())
    steps = [i / rate for i in range(round(seconds * rate))]
    return [now for now in steps if talking.update({"AU25": -3.0, unit: mouth(now)}, 1, now)]


@pytest.mark.parametrize("rate", [10.0, 15.0, 30.0])
@pytest.mark.parametrize("unit", ["AU25", "AU26", "AU27"])
def test_speech_is_known_within_a_second_at_every_frame_rate(rate: float, unit: str) -> None:
    times = talked(speech(3.0), 4.0, rate, unit)
    assert times[0] <= 1.0
    assert len(times) >= 3.0 * rate - 1


def test_a_mouth_at_rest_and_small_trembling_are_no_speech() -> None:
    assert talked(lambda now: -3.0, 5.0) == []
    assert talked(speech(swing=0.6), 5.0) == []


def test_a_smile_that_comes_and_goes_is_no_speech() -> None:
    assert talked(lambda now: 3.0 if 1.0 <= now < 2.5 else -3.0, 5.0) == []


def test_a_mouth_that_opens_slowly_is_no_speech() -> None:
    assert talked(speech(0.4, swing=5.0), 10.0) == []


def test_what_is_far_beyond_even_odds_is_noise() -> None:
    assert talked(lambda now: 5.0 + speech()(now) + 3.0, 5.0) == []


def test_speech_ends_when_the_mouth_has_been_still_for_a_second() -> None:
    times = talked(lambda now: speech()(now) if now < 2.0 else -3.0, 5.0)
    assert 2.5 <= times[-1] <= 3.1


def test_somebody_else_does_not_talk_because_this_one_did() -> None:
    talking = Talking(CueSettings())
    for i in range(50):
        last = talking.update({"AU25": speech()(i / 25)}, 1, i / 25)
    assert last
    assert not talking.update({"AU25": -3.0}, 2, 2.0)
    # Nor does the same person after a time without pictures.
    assert not talking.update({"AU25": -3.0}, 1, 9.0)


def test_a_model_without_the_mouth_hears_nobody_talk() -> None:
    talking = Talking(CueSettings())
    assert not any(talking.update({"AU12": speech()(i / 25)}, 1, i / 25) for i in range(100))
