"""Near and far, facing and turned away, and how many there are."""

from __future__ import annotations

import numpy as np
import pytest

from edge.cues.place import Count, Place
from edge.preprocess import TEMPLATE
from edge.settings import CueSettings
from edge.types import Box, Face

SIDE = 640.0


def face(width: float, turned: float = 0.0) -> Face:
    """turned: the nose moved by this share of the eyes' distance."""
    landmarks = (TEMPLATE * width).astype(np.float32)
    landmarks[2, 0] += turned * (landmarks[1, 0] - landmarks[0, 0])
    return Face(Box(100, 100, width, width * 1.2), landmarks, 0.9)


def changes(place: Place, shown: Face, seconds: float, start: float) -> list[str]:
    return [
        change for i in range(round(seconds * 10)) for change in place.update(shown, SIDE, start + i / 10)
    ]


@pytest.mark.parametrize(
    ("width", "turned", "there"),
    [(30, 0.0, ["far", "facing"]), (70, 0.0, ["facing"]), (120, 0.45, ["near", "turned_away"])],
)
def test_the_first_look_says_what_there_is(width: float, turned: float, there: list[str]) -> None:
    assert Place(CueSettings()).update(face(width, turned), SIDE, 0.0) == there


def test_coming_near_and_going_far_is_told_once_and_after_a_second() -> None:
    place = Place(CueSettings())
    place.update(face(70), SIDE, 0.0)
    assert changes(place, face(120), 0.9, 0.1) == []
    assert changes(place, face(120), 5.0, 1.0) == ["near"]
    # A step back is not far, and not near again afterwards.
    assert changes(place, face(95), 3.0, 6.0) == []
    assert changes(place, face(30), 3.0, 9.0) == ["far"]


def test_at_the_border_nothing_flickers() -> None:
    place = Place(CueSettings())
    place.update(face(105), SIDE, 0.0)
    for start in range(1, 20):
        assert changes(place, face(98 if start % 2 else 105), 1.0, start) == []


def test_turning_away_and_back_is_told() -> None:
    place = Place(CueSettings())
    place.update(face(70), SIDE, 0.0)
    assert changes(place, face(70, 0.45), 2.0, 1.0) == ["turned_away"]
    assert changes(place, face(70, 0.36), 2.0, 3.0) == []
    assert changes(place, face(70), 2.0, 5.0) == ["facing"]


def test_a_glance_aside_is_not_turning_away() -> None:
    place = Place(CueSettings())
    place.update(face(70), SIDE, 0.0)
    for start in range(1, 10):
        assert changes(place, face(70, 0.45), 0.5, start) == []
        assert changes(place, face(70), 0.5, start + 0.5) == []


def counted(count: Count, people: int, seconds: float, start: float) -> list[str]:
    words = [count.update(people, start + i / 10) for i in range(round(seconds * 10))]
    return [word for word in words if word]


def test_how_many_there_are_is_told_from_two_on_and_when_one_is_left() -> None:
    count = Count(1.0)
    assert counted(count, 1, 3.0, 0.0) == []
    assert counted(count, 2, 3.0, 3.0) == ["two_people"]
    assert counted(count, 3, 0.5, 6.0) == []
    assert counted(count, 2, 3.0, 6.5) == []
    assert counted(count, 7, 3.0, 9.5) == ["many_people"]
    assert counted(count, 1, 3.0, 12.5) == ["one_person"]


def test_nobody_is_no_number() -> None:
    count = Count(1.0)
    counted(count, 2, 3.0, 0.0)
    assert counted(count, 0, 5.0, 3.0) == []
    count.forget()
    assert counted(count, 2, 3.0, 8.0) == ["two_people"]
