"""Whether somebody is there, and where."""

from __future__ import annotations

import pytest
from scene import SMILE, WIDTH, Scene, face, reading

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


def test_no_picture_says_nothing_of_the_person_who_is_told_of_again_afterwards() -> None:
    scene = Scene(cooldown_seconds=60.0).arrive()
    scene.show(reading(SMILE), 1.0)
    scene.no_picture(20.0)
    scene.show(reading(SMILE, track=2), 2.0)
    assert scene.said == ["person_ahead", "smile", "person_ahead", "smile"]


def test_after_no_picture_an_empty_one_does_not_say_that_somebody_left() -> None:
    scene = Scene().arrive()
    scene.no_picture(5.0)
    assert scene.show(None, 5.0) == []


def test_a_moment_without_pictures_changes_nothing() -> None:
    scene = Scene().arrive()
    scene.no_picture(0.8)
    assert scene.show(reading(), 5.0) == []
    assert scene.show(None, 5.0) == ["no_face"]


def test_pictures_far_apart_are_moments_without_pictures_too() -> None:
    presence = Presence(0.3, 1.0)
    for start in (0.0, 2.0, 4.0):
        assert presence.update(face(), WIDTH, start) == ""
        assert presence.update(face(), WIDTH, start + 0.4) == "person_ahead"


def test_a_camera_of_two_pictures_a_second_shows_people_too() -> None:
    assert Scene(rate=2).show(reading(), 5.0) == ["person_ahead"]


def test_one_frame_before_and_one_after_a_long_gap_are_nobody() -> None:
    presence = Presence(0.3, 1.0)
    assert presence.update(face(), WIDTH, 0.0) == ""
    assert presence.update(face(), WIDTH, 10.0) == ""
    assert presence.update(face(), WIDTH, 10.3) == "person_ahead"


def test_another_person_is_told_of_after_a_moment_of_attention_and_once() -> None:
    scene = Scene(rate=10).arrive()
    other = reading(x=20, track=2)
    assert scene.show(other, 0.3) == []
    assert scene.show(other, 0.2) == ["person_left"]
    assert scene.cues[-1].kind == "person"
    assert scene.show(other, 10.0) == []
    assert scene.show(reading(), 1.0) == ["person_ahead"]


def test_a_flicker_of_attention_is_not_told_of() -> None:
    scene = Scene(rate=10).arrive()
    shown = [reading(), reading(x=20, track=2), reading(x=480, track=3)]
    assert scene.play(shown * 30) == []
    assert scene.play(shown[1:] * 30) == []
    assert scene.play([shown[1], None, None] * 30) == []


def test_a_new_number_in_the_same_place_is_the_same_person() -> None:
    scene = Scene(cooldown_seconds=60.0).arrive()
    assert scene.show(reading(SMILE), 1.0) == ["smile"]
    scene.show(None, 0.5)
    # It goes on from there under its new number.
    for track, x in ((2, 280), (2, 330), (3, 370)):
        assert scene.show(reading(SMILE, x=x, track=track), 3.0) == []


def test_the_place_where_somebody_stood_long_ago_is_free() -> None:
    presence = Presence(1.5, 1.0)
    events = [presence.update(face(), WIDTH, turn / 10) for turn in range(20)]
    # Another is attended for longer than the first may be unseen, then a third in the first's place.
    events += [presence.update(face(20, 2), WIDTH, 2 + turn / 10) for turn in range(12)]
    events += [presence.update(face(260, 3), WIDTH, 3.2 + turn / 10) for turn in range(20)]
    assert [event for event in events if event] == ["person_ahead", "person_ahead"]
