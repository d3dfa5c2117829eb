"""A movement comes surely, probably, or faintly but far above this face's own level."""

from __future__ import annotations

import pytest

from edge.cues.movements import MOVEMENTS, Movement
from edge.settings import CueSettings

SETTINGS = CueSettings()
RATE = 20.0


class Shown:
    """A movement that is fed at a frame rate; `turns` are (time, sure)."""

    def __init__(self, label: str = "brows_raised", settings: CueSettings = SETTINGS) -> None:
        self.movement = Movement(label, settings)
        self.turns: list[tuple[float, bool]] = []
        self._step = 0

    def show(self, probability: float, seconds: float, talking: bool = False) -> list[bool]:
        """Whether it was sure, each time it came."""
        before = len(self.turns)
        for _ in range(round(seconds * RATE)):
            turn = self.movement.update(probability, talking, self._step / RATE)
            if turn is not None:
                self.turns.append((self._step / RATE, turn.sure))
            self._step += 1
        return [sure for _, sure in self.turns[before:]]


def rested(label: str = "brows_raised", level: float = 0.05) -> Shown:
    shown = Shown(label)
    assert shown.show(level, 3.0) == []
    return shown


def test_what_is_sure_comes_after_the_dwell() -> None:
    shown = rested()
    assert shown.show(0.9, 2.0) == [True]
    assert 3.25 <= shown.turns[0][0] <= 3.4


def test_what_is_probable_comes_later_and_as_maybe() -> None:
    shown = rested()
    assert shown.show(0.5, 0.4) == []
    assert shown.show(0.5, 2.0) == [False]


def test_what_is_faint_comes_only_where_it_is_a_clear_change() -> None:
    assert rested(level=0.05).show(0.3, 2.0) == [False]
    assert rested(level=0.15).show(0.3, 2.0) == []
    assert rested(level=0.01).show(0.2, 2.0) == []


def test_a_face_that_always_looks_so_has_not_moved() -> None:
    shown = Shown("frown")
    assert shown.show(0.6, 20.0) == []
    # It frowns beyond that.
    assert shown.show(0.9, 2.0) == [True]


def test_a_smile_at_first_sight_is_one() -> None:
    assert Shown("smile").show(0.7, 2.0) == [True]


def test_it_stays_until_it_is_gone_and_comes_again() -> None:
    shown = rested()
    shown.show(0.9, 1.0)
    assert shown.show(0.4, 3.0) == []
    assert shown.movement.on
    shown.show(0.1, 1.0)
    assert not shown.movement.on
    assert shown.show(0.9, 1.0) == [True]


def test_most_observations_must_agree_and_not_all() -> None:
    shown = rested()
    for _ in range(10):
        shown.show(0.9, 0.45)
        shown.show(0.1, 0.05)
    assert len(shown.turns) == 1
    flickering = rested()
    for _ in range(30):
        flickering.show(0.9, 0.1)
        flickering.show(0.1, 0.1)
    assert flickering.turns == []


def test_of_somebody_who_talks_only_what_is_sure_and_lasts_is_told() -> None:
    shown = rested()
    assert shown.show(0.5, 5.0, talking=True) == []
    assert shown.show(0.9, 0.7, talking=True) == []
    assert shown.show(0.9, 1.0, talking=True) == [True]


def test_an_open_mouth_is_no_news_of_somebody_who_talks() -> None:
    shown = rested("mouth_open")
    assert shown.show(0.95, 10.0, talking=True) == []
    assert shown.show(0.95, 0.1) == [True]


@pytest.mark.parametrize("label", ["nose_wrinkled", "mouth_corners_down"])
def test_of_small_things_maybe_is_not_said(label: str) -> None:
    shown = rested(label)
    assert shown.show(0.5, 5.0) == []
    assert shown.show(0.95, 2.0) == [True]


def test_a_time_that_was_not_observed_teaches_nothing() -> None:
    movement = Movement("smile", SETTINGS)
    for step in range(20):
        movement.update(0.05, False, step / RATE)
    turns = [movement.update(0.9, False, 30.0 + step / RATE) for step in range(20)]
    assert [turn.sure for turn in turns if turn] == [True]


def test_a_glimpse_teaches_the_usual_level_and_starts_nothing() -> None:
    movement = Movement("frown", SETTINGS)
    for step in range(20):
        movement.look(0.04, step / RATE)
    assert not movement.on
    turns = [movement.update(0.3, False, 1.0 + step / RATE) for step in range(20)]
    assert [turn.sure for turn in turns if turn] == [False]


def test_a_broad_smile_and_a_hard_frown_wrinkle_no_nose() -> None:
    scores = dict.fromkeys(("AU01", "AU02", "AU04", "AU09", "AU12", "AU15", "AU26", "AU27"), 0.05)
    of = MOVEMENTS["nose_wrinkled"]
    assert of({**scores, "AU09": 0.9}) > 0.8
    assert of({**scores, "AU09": 0.9, "AU12": 0.9}) < 0.1
    assert of({**scores, "AU09": 0.9, "AU04": 0.9}) < 0.1
