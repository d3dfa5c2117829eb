"""Only what changed is said, only when it lasted, and not again too soon."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from scene import SMILE, Scene, reading, unsure

from edge.cues.catalogue import MOVEMENT_PHRASES, vocabulary
from edge.cues.movements import MOVEMENTS, NEEDED_UNITS
from edge.facs import ACTION_UNITS
from edge.settings import CueSettings
from edge.sources.folder import FRAMES_PER_PICTURE, FRAMES_PER_SECOND
from edge.tracking import Tracker
from edge.types import Priority

MOVEMENT_UNITS = {
    "smile": ("AU12",),
    "brows_raised": ("AU01", "AU02"),
    "frown": ("AU04",),
    "nose_wrinkled": ("AU09",),
    "mouth_open": ("AU26",),
    "mouth_corners_down": ("AU15",),
}


def test_nothing_is_said_before_the_dwell_and_a_change_only_once() -> None:
    scene = Scene(rate=20).arrive()
    assert scene.show(reading(SMILE), 0.35) == []
    assert scene.show(reading(SMILE), 0.1) == ["smile"]
    assert scene.show(reading(SMILE), 60.0) == []


@pytest.mark.parametrize("rate", [2, 5, 30])
def test_a_smile_is_said_at_every_frame_rate(rate: float) -> None:
    scene = Scene(rate=rate).arrive()
    assert scene.show(reading(SMILE), 3.0) == ["smile"]


@pytest.mark.parametrize("label", MOVEMENTS)
def test_every_movement_is_said_for_its_units_and_for_no_other(label: str) -> None:
    scene = Scene().arrive()
    shown = reading(dict.fromkeys(MOVEMENT_UNITS[label], 0.9))
    assert scene.show(shown, 2.0) == [label]
    cue = scene.cues[-1]
    assert cue.text == MOVEMENT_PHRASES[label]
    assert cue.kind == "cue"
    assert cue.priority is Priority.NORMAL
    assert cue.reading is shown
    assert cue.expires_at == cue.created_at + 2.0


def test_one_brow_alone_is_not_eyebrows_raised() -> None:
    assert Scene().arrive().show(reading({"AU01": 0.9}), 3.0) == []


def test_units_that_stand_for_no_movement_say_nothing() -> None:
    others = {u: 0.95 for u in ACTION_UNITS if u not in NEEDED_UNITS}
    assert Scene().arrive().show(reading(others), 5.0) == []


def test_flicker_says_nothing() -> None:
    scene = Scene(rate=30).arrive()
    assert scene.play([reading(SMILE if i % 4 < 2 else None) for i in range(300)]) == []


def test_talking_says_nothing() -> None:
    scene = Scene(rate=30).arrive()
    # A mouth that opens and shuts four times a second.
    jaw = [0.5 + 0.45 * math.sin(2 * math.pi * 4 * i / 30) for i in range(300)]
    assert max(jaw) > 0.9
    assert scene.play([reading({"AU25": 0.9, "AU26": p}) for p in jaw]) == []
    assert scene.show(reading({"AU26": 0.9}), 1.0) == ["mouth_open"]


def test_between_the_thresholds_a_movement_goes_on() -> None:
    scene = Scene().arrive()
    scene.show(reading(SMILE), 1.0)
    scene.show(reading({"AU12": 0.5}), 5.0)
    assert scene.show(reading(SMILE), 5.0) == []


def test_the_same_movement_is_not_said_again_within_the_cooldown() -> None:
    scene = Scene(cooldown_seconds=4.0).arrive()
    shown = []
    for _ in range(8):
        shown += scene.show(reading(SMILE), 0.5)
        shown += scene.show(reading(), 0.5)
    times = [c.created_at for c in scene.cues if c.label == "smile"]
    assert len(shown) == len(times) == 2
    assert times[1] - times[0] >= 4.0


def test_at_most_two_movements_are_said_in_one_breath_the_most_salient_first() -> None:
    scene = Scene().arrive()
    everything = dict.fromkeys(NEEDED_UNITS, 0.9)
    # Two, and no more than four words: what does not fit comes with the next picture.
    assert scene.show(reading(everything), 0.5) == ["smile", "frown"]
    assert [cue.text for cue in scene.cues[-2:]] == [
        "smiling, eyebrows raised",
        "frowning, mouth corners down",
    ]
    assert all(len(cue.text.split()) <= 4 for cue in scene.cues)


def test_an_attitude_is_said_when_it_has_lasted_twice_as_long() -> None:
    scene = Scene().arrive()
    assert scene.show(reading(emotion="sadness"), 0.55) == []
    assert scene.show(reading(emotion="sadness"), 0.3) == ["negative"]
    assert scene.cues[-1].text == "looks negative"
    assert scene.show(reading(emotion="anger"), 20.0) == []
    assert scene.show(reading(), 20.0) == ["neutral"]


def test_a_smile_makes_looks_positive_idle() -> None:
    scene = Scene().arrive()
    assert scene.show(reading(SMILE, "happiness"), 10.0) == ["smile"]
    assert scene.show(reading(), 5.0) == ["neutral"]


def test_without_movements_looks_positive_is_said() -> None:
    scene = Scene(levels=["attitude"]).arrive()
    assert scene.show(reading(SMILE, "happiness"), 10.0) == ["positive"]


def test_levels_are_respected() -> None:
    frightened = reading({"AU01": 0.9, "AU02": 0.9, "AU26": 0.9}, "fear")

    def said(*levels: str) -> list[str]:
        return sorted(Scene(levels=list(levels)).arrive().show(frightened, 10.0))

    assert said() == []
    assert said("movements") == ["brows_raised", "mouth_open"]
    assert said("attitude") == ["negative"]
    assert said("emotion") == ["fear"]
    assert said("movements", "attitude") == ["brows_raised", "mouth_open", "negative"]
    # The finer one, not both.
    assert said("attitude", "emotion") == ["fear"]


def test_unsure_says_nothing_and_changes_nothing() -> None:
    scene = Scene(levels=["attitude"]).arrive()
    assert scene.show(unsure(), 10.0) == []
    assert scene.show(reading(emotion="sadness"), 2.0) == ["negative"]
    assert scene.show(unsure(), 10.0) == []
    assert scene.show(reading(emotion="sadness"), 10.0) == []


def test_what_is_likely_but_not_likely_enough_is_not_named() -> None:
    scene = Scene(levels=["emotion"], named_from=0.6).arrive()
    assert scene.show(reading(emotion="fear", confidence=0.55), 10.0) == []
    assert scene.show(reading(emotion="fear", confidence=0.65), 10.0) == ["fear"]


def test_a_named_change_is_not_lost_to_a_movement_of_the_same_moment() -> None:
    scene = Scene(rate=20, agreement=1.0).arrive()
    scene.show(reading(emotion="anger"), 0.35)
    # Both dwells end in the same step: first the movement, then the attitude.
    assert scene.show(reading({"AU04": 0.9}, "anger"), 2.0) == ["frown", "negative"]


def test_what_the_cooldown_held_back_is_said_if_it_lasts() -> None:
    scene = Scene(levels=["attitude"], cooldown_seconds=4.0).arrive()
    assert scene.show(reading(emotion="sadness"), 1.0) == ["negative"]
    assert scene.show(reading(), 1.0) == ["neutral"]
    # The last that was said is "neutral": it may not stand while the face is negative for long.
    assert scene.show(reading(emotion="sadness"), 10.0) == ["negative"]
    times = [c.created_at for c in scene.cues if c.label == "negative"]
    assert 4.0 <= times[1] - times[0] < 6.0


def test_a_face_that_cannot_be_read_says_nothing() -> None:
    scene = Scene(least_quality=0.2, hint_seconds=600.0).arrive()
    assert scene.show(reading(SMILE, "happiness", quality=0.19), 10.0) == []
    assert scene.unreadable(10.0) == []
    assert scene.show(reading(SMILE, quality=0.2), 2.0) == ["smile"]


def test_a_face_that_cannot_be_read_is_still_somebody() -> None:
    assert Scene().unreadable(5.0) == ["person_ahead"]


def test_time_in_which_nothing_could_be_read_does_not_count_as_lasting() -> None:
    scene = Scene(rate=20, hint_seconds=600.0).arrive()
    glimpse = [reading(SMILE, "sadness")]
    for _ in range(5):
        assert scene.play(glimpse) == []
        assert scene.unreadable(2.0) == []
    assert scene.show(reading(SMILE), 1.0) == ["smile"]


def test_how_a_face_usually_looks_can_be_learned_anew_and_what_was_said_stays_said() -> None:
    scene = Scene(cooldown_seconds=0.0)
    frowning = reading({"AU04": 0.55})
    # It has looked so from the first moment: no frown.
    assert scene.show(frowning, 20.0) == ["person_ahead"]
    assert scene.show(reading(SMILE), 2.0) == ["smile"]
    scene.director.reset_neutral()
    assert scene.show(reading(SMILE), 5.0) == []
    scene.show(reading(), 3.0)
    assert scene.show(frowning, 2.0) == ["frown"]


def test_one_face_missed_does_not_start_the_dwell_again() -> None:
    scene = Scene(rate=10).arrive()
    smile = reading(SMILE)
    assert scene.play([smile, smile, None, smile, smile]) == ["smile"]


def test_somebody_who_comes_back_is_told_of_afresh() -> None:
    scene = Scene(cooldown_seconds=60.0).arrive()
    assert scene.show(reading(SMILE), 1.0) == ["smile"]
    assert scene.show(None, 3.0) == ["no_face"]
    assert scene.show(reading(SMILE, track=2), 3.0) == ["person_ahead", "smile"]


def test_another_person_is_told_of_before_what_that_one_does() -> None:
    scene = Scene(cooldown_seconds=60.0, dwell_seconds=0.1).arrive()
    assert scene.show(reading(SMILE), 1.0) == ["smile"]
    other = reading({**SMILE, "AU04": 0.9}, x=480, track=2)
    assert scene.show(other, 0.25) == []
    assert scene.show(other, 1.0) == ["person_right", "smile"]
    assert scene.cues[-1].text == "smiling, frowning"


def test_a_glance_at_somebody_else_starts_nothing_anew() -> None:
    scene = Scene().arrive()
    assert scene.show(reading(SMILE), 1.0) == ["smile"]
    for _ in range(5):
        assert scene.show(reading({"AU04": 0.9}, x=480, track=2), 0.2) == []
        assert scene.show(reading(SMILE), 2.0) == []


def test_who_is_left_when_somebody_goes_is_told_of_as_another() -> None:
    tracker, scene = Tracker(CueSettings().absent_seconds), Scene(rate=10)
    one, two = reading(x=260), reading(SMILE, x=480)
    for turn in range(80):
        # Two stand there, and after 4 seconds the one attended goes.
        faces = tracker.update([one.face, two.face] if turn < 40 else [two.face], turn / 10)
        face = tracker.attended(faces)
        shown = None if face is None else replace(two if face.track == 2 else one, face=face)
        scene.play([shown])
    assert scene.said == ["person_ahead", "person_right", "smile"]


def test_an_arrival_comes_before_what_the_face_does() -> None:
    assert Scene(dwell_seconds=0.1).show(reading(SMILE), 3.0) == ["person_ahead", "smile"]


def test_a_picture_of_a_folder_lasts_long_enough_for_all_there_is_to_say() -> None:
    scene = Scene(rate=FRAMES_PER_SECOND)
    shown = [reading({"AU04": 0.9}, "anger")] * FRAMES_PER_PICTURE
    assert scene.play(shown) == ["person_ahead", "frown", "negative"]


def test_every_phrase_is_short_and_claims_only_looks() -> None:
    phrases = vocabulary()
    assert len(phrases) == len(set(phrases))
    assert {"smiling", "person ahead", "looks afraid", "camera lost"} <= set(phrases)
    for phrase in phrases:
        assert 1 <= len(phrase.split()) <= 4
