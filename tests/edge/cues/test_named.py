"""An attitude or emotion is named when it is new, lasts, and is not the way this face rests."""

from __future__ import annotations

import pytest
from scene import reading, unsure

from edge.cues.named import Named
from edge.settings import CueSettings
from edge.types import Emotion

RATE = 20.0


class Shown:
    """Feeds emotions at a frame rate; `names` are (name, sure)."""

    def __init__(self, **settings: object) -> None:
        self.named = Named(CueSettings(**settings))  # type: ignore[arg-type]
        self.step = 0

    def show(
        self, emotion: str, confidence: float, seconds: float, talking: bool = False, sayable: bool = True
    ) -> list[tuple[str, bool]]:
        return self.feed(reading(emotion=emotion, confidence=confidence).emotion, seconds, talking, sayable)

    def feed(
        self, seen: Emotion, seconds: float, talking: bool = False, sayable: bool = True
    ) -> list[tuple[str, bool]]:
        names = []
        for _ in range(round(seconds * RATE)):
            new = self.named.update(seen, talking, sayable, self.step / RATE)
            names += [new] if new else []
            self.step += 1
        return names


def rested(**settings: object) -> Shown:
    shown = Shown(**settings)
    assert shown.show("neutral", 0.9, 3.0) == []
    return shown


def test_what_is_sure_is_named_and_what_is_likely_is_a_maybe_that_takes_longer() -> None:
    assert rested().show("fear", 0.8, 0.9) == [("fear", True)]
    assert rested().show("fear", 0.6, 0.9) == []
    assert rested().show("fear", 0.6, 1.4) == [("fear", False)]
    assert rested().show("fear", 0.45, 10.0) == []


def test_neutral_takes_longest_and_is_never_a_maybe() -> None:
    shown = rested()
    shown.show("anger", 0.9, 1.0)
    assert shown.show("neutral", 0.6, 10.0) == []
    shown = rested()
    shown.show("anger", 0.9, 1.0)
    assert shown.show("neutral", 0.9, 0.8) == []
    assert shown.show("neutral", 0.9, 0.5) == [("neutral", True)]


def test_what_stands_there_from_the_first_moment_may_be_rest_and_is_named_late() -> None:
    shown = Shown()
    assert shown.show("sadness", 0.8, 3.0) == []
    assert shown.show("sadness", 0.8, 2.0) == [("sadness", True)]


@pytest.mark.parametrize(("emotion", "confidence"), [("happiness", 0.8), ("sadness", 0.95)])
def test_happiness_is_no_rest_and_nor_is_what_is_very_sure(emotion: str, confidence: float) -> None:
    assert Shown().show(emotion, confidence, 1.0) == [(emotion, True)]


def test_a_glimpse_of_another_face_makes_it_a_change() -> None:
    shown = Shown()
    shown.named.look(reading(emotion="neutral", confidence=0.6).emotion)
    assert shown.show("sadness", 0.8, 1.0) == [("sadness", True)]


def test_of_somebody_who_talks_only_what_is_sure_and_lasts_long_is_named() -> None:
    assert rested().show("disgust", 0.6, 10.0, talking=True) == []
    shown = rested()
    assert shown.show("disgust", 0.9, 1.9, talking=True) == []
    assert shown.show("disgust", 0.9, 1.0, talking=True) == [("disgust", True)]


def test_what_may_not_be_said_now_comes_when_it_may() -> None:
    shown = rested()
    assert shown.show("anger", 0.9, 2.0, sayable=False) == []
    assert shown.show("anger", 0.9, 0.1) == [("anger", True)]


def test_unsure_changes_nothing() -> None:
    shown = rested()
    shown.show("anger", 0.9, 1.0)
    assert shown.feed(unsure().emotion, 10.0) == []
    assert shown.named.value == "anger"


def test_a_moment_of_something_else_does_not_start_it_anew() -> None:
    shown = rested()
    shown.show("anger", 0.9, 0.5)
    shown.show("disgust", 0.9, 0.05)
    assert shown.show("anger", 0.9, 0.3) == [("anger", True)]
