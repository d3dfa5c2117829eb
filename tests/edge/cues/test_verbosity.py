"""The three steps of how much is said, and the hints that belong to them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scene import SMILE, Scene, reading

from edge.cues.catalogue import PHRASES
from edge.types import Priority, Reading


def blurred() -> Reading:
    return replace(reading(SMILE), unreadable="too_blurred")


def test_few_says_no_maybe_and_normal_does() -> None:
    perhaps = reading({"AU12": 0.5})
    assert Scene(verbosity="few").arrive().show(perhaps, 5.0) == []
    scene = Scene(verbosity="normal").arrive()
    assert scene.show(perhaps, 5.0) == ["smile"]
    assert scene.cues[-1].text == "maybe smiling"
    assert scene.cues[-1].phrases == ("maybe_smile",)


def test_the_cooldown_is_stretched_and_shortened() -> None:
    said = {}
    for verbosity in ("few", "normal", "many"):
        scene = Scene(verbosity=verbosity, cooldown_seconds=4.0).arrive()
        for _ in range(12):
            scene.show(reading(SMILE), 1.0)
            scene.show(reading(), 1.0)
        said[verbosity] = scene.said.count("smile")
    assert said["few"] == 2
    assert said["normal"] == 6
    assert said["many"] >= 11


def test_many_says_that_somebody_talks_once_and_the_others_do_not() -> None:
    talking = replace(reading(), talking=True)
    assert Scene(verbosity="normal").arrive().show(talking, 10.0) == []
    scene = Scene(verbosity="many").arrive()
    assert scene.show(talking, 1.0) == []
    assert scene.show(talking, 10.0) == ["talking"]


def test_many_says_of_who_comes_how_near_and_where_they_look() -> None:
    # The landmarks of the scene's faces coincide: a profile.
    assert Scene(verbosity="many").show(reading(), 2.0) == ["person_ahead", "turned_away"]
    assert Scene(verbosity="normal").show(reading(), 2.0) == ["person_ahead"]


def test_how_many_people_there_are_is_told_when_it_changes() -> None:
    scene = Scene().arrive()
    for people, told in ((1, []), (2, ["two_people"]), (2, []), (1, ["one_person"])):
        assert scene.show(reading(), 2.0, people=people) == told
    assert scene.cues[-1].kind == "person"
    assert scene.cues[-1].priority is Priority.NEXT
    few = Scene(verbosity="few").arrive()
    assert few.show(reading(), 5.0, people=3) == []


def test_a_face_that_cannot_be_read_is_told_why_after_a_while_and_not_again_soon() -> None:
    scene = Scene(hint_seconds=5.0, hint_cooldown_seconds=30.0).arrive()
    assert scene.show(blurred(), 3.8) == []
    assert scene.show(blurred(), 25.0) == ["too_blurred"]
    assert scene.cues[-1].kind == "hint"
    assert scene.cues[-1].priority is Priority.NORMAL
    assert scene.show(blurred(), 15.0) == ["too_blurred"]


def test_hints_come_sooner_with_many_and_not_at_all_with_few() -> None:
    assert Scene(verbosity="many").arrive().show(blurred(), 2.5) == ["too_blurred"]
    assert Scene(verbosity="few").arrive().show(blurred(), 60.0) == []


def test_many_helps_to_aim_a_face_that_can_be_read_and_the_others_do_not() -> None:
    for verbosity, told in (("normal", []), ("many", ["edge_left"])):
        scene = Scene(verbosity=verbosity).arrive()
        assert scene.show(reading(x=5), 4.0, height=400) == told
        assert scene.show(reading(x=200), 10.0, height=400) == []


def test_a_moment_that_cannot_be_read_is_not_worth_a_word() -> None:
    scene = Scene(verbosity="many").arrive()
    for _ in range(10):
        assert scene.show(blurred(), 0.5) == []
        assert scene.show(reading(), 1.0) == []


def test_the_step_can_be_changed_while_it_runs() -> None:
    scene = Scene(verbosity="few").arrive()
    scene.director.set_verbosity("many")
    assert scene.show(reading({"AU12": 0.5}), 5.0) == ["smile"]


@pytest.mark.parametrize(
    "reason", ["too_dark", "too_bright", "too_far", "turned_away", "edge_left", "unsure"]
)
def test_every_reason_has_words(reason: str) -> None:
    shown = replace(reading(), unreadable=reason)
    scene = Scene(hint_seconds=1.0).arrive()
    scene.show(shown, 3.0)
    assert scene.cues[-1].text == PHRASES[reason]


def test_a_hand_before_the_mouth_hides_the_mouth_and_the_whole_but_not_the_brows() -> None:
    hidden = replace(reading({**SMILE, "AU01": 0.9, "AU02": 0.9, "AU26": 0.9}, "happiness"), covered=True)
    scene = Scene().arrive()
    assert scene.show(hidden, 5.0) == ["brows_raised"]
    assert scene.show(replace(hidden, covered=False), 0.5) == ["smile"]
