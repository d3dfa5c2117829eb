"""Whether somebody is there, and where."""

from __future__ import annotations

import pytest
from scene import WIDTH, Scene, face, reading

from edge.cues.presence import Presence
from edge.types import Priority

PLACES = {
    -30: "person_left",
    20: "person_left",
    260: "person_ahead",
    480: "person_right",
    580: "person_right",
}


@pytest.mark.parametrize(("x", "where"), PLACES.items())
def test_somebody_arrives_left_ahead_or_right(x: float, where: str) -> None:
    scene = Scene()
    assert scene.show(reading(x=x), 2.0) == [where]
    assert scene.cues[0].kind == "person"
    assert scene.cues[0].priority is Priority.NEXT


def test_the_side_is_that_of_the_picture_whatever_its_width() -> None:
    for width, where in ((200, "person_right"), (600, "person_ahead"), (1900, "person_left")):
        presence = Presence(0.3, 1.0)
        presence.update(face(260), width, 0.0)
        assert presence.update(face(260), width, 0.3) == where


def test_a_face_of_a_single_frame_is_nobody() -> None:
    scene = Scene()
    assert scene.play([reading(), None, None] * 20) == []


def test_somebody_is_there_only_after_a_moment() -> None:
    scene = Scene(rate=10)
    assert scene.show(reading(), 0.3) == []
    assert scene.show(reading(), 0.1) == ["person_ahead"]


def test_leaving_is_told_once_and_coming_back_as_well() -> None:
    scene = Scene().arrive()
    assert scene.show(None, 0.9) == []
    assert scene.show(None, 30.0) == ["no_face"]
    assert scene.cues[-1].kind == "no_face"
    assert scene.show(reading(x=20), 5.0) == ["person_left"]
    assert scene.show(None, 5.0) == ["no_face"]


def test_a_moment_hidden_is_not_leaving() -> None:
    scene = Scene().arrive()
    for _ in range(5):
        assert scene.show(None, 0.6) == []
        assert scene.show(reading(), 0.5) == []


def test_an_empty_room_is_not_told_of() -> None:
    assert Scene().show(None, 60.0) == []


def test_no_picture_for_long_is_told_as_nobody_there_and_once() -> None:
    scene = Scene().arrive()
    assert scene.no_picture(0.9) == []
    assert scene.no_picture(20.0) == ["no_face"]


def test_a_camera_of_two_pictures_a_second_shows_people_too() -> None:
    # The loop turns four times a second, so that every second turn has no picture.
    presence = Presence(0.3, 1.0)
    events = []
    for turn in range(8):
        now = turn / 4
        events.append(presence.unseen(now) if turn % 2 else presence.update(face(), WIDTH, now))
    assert events == ["", "", "person_ahead", "", "", "", "", ""]


def test_one_frame_before_and_one_after_a_long_gap_are_nobody() -> None:
    presence = Presence(0.3, 1.0)
    assert presence.update(face(), WIDTH, 0.0) == ""
    assert [presence.unseen(t / 4) for t in range(1, 40)] == [""] * 39
    assert presence.update(face(), WIDTH, 10.0) == ""
    assert presence.update(face(), WIDTH, 10.3) == "person_ahead"
