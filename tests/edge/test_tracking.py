"""Who is who from frame to frame."""

from __future__ import annotations

import numpy as np

from edge.tracking import Tracker
from edge.types import Box, Face


def face(x: float, y: float = 100, width: float = 80) -> Face:
    return Face(Box(x, y, width, width * 1.2), np.zeros((5, 2), np.float32), 0.9)


def numbers(faces: list[Face]) -> list[int]:
    return [f.track for f in faces]


def test_a_moving_face_keeps_its_number() -> None:
    tracker = Tracker(1.0)
    found = [numbers(tracker.update([face(20 + 30 * i)], i / 5)) for i in range(15)]
    assert found == [[1]] * 15


def test_a_face_that_comes_nearer_keeps_its_number() -> None:
    tracker = Tracker(1.0)
    found = [numbers(tracker.update([face(100, width=40 * 1.15**i)], i / 10)) for i in range(12)]
    assert found == [[1]] * 12


def test_a_quick_move_almost_without_overlap_keeps_its_number() -> None:
    tracker = Tracker(1.0)
    near, back = face(100), face(171, 123, width=42)
    assert near.box.overlap(back.box) < 0.1
    tracker.update([near], 0.0)
    assert numbers(tracker.update([back], 0.1)) == [1]
    assert numbers(tracker.update([face(171, 123, width=10)], 0.2)) == [2]


def test_a_short_occlusion_keeps_the_number_and_a_long_one_does_not() -> None:
    tracker = Tracker(1.0)
    tracker.update([face(100)], 0.0)
    for step in range(1, 8):
        assert tracker.update([], step / 10) == []
    assert numbers(tracker.update([face(105)], 0.8)) == [1]
    tracker.update([], 1.5)
    assert numbers(tracker.update([face(105)], 1.9)) == [2]


def test_somebody_elsewhere_is_somebody_else() -> None:
    tracker = Tracker(1.0)
    tracker.update([face(20)], 0.0)
    assert numbers(tracker.update([face(500)], 0.1)) == [2]
    # The first is not forgotten meanwhile.
    assert numbers(tracker.update([face(500), face(22)], 0.2)) == [2, 1]


def test_two_people_who_pass_each_other_at_a_distance_keep_their_numbers() -> None:
    tracker = Tracker(1.0)
    for step in range(21):
        going, coming = face(20 + 25 * step, y=40), face(520 - 25 * step, y=220)
        # The detector gives the nearest first, so that the order says nothing.
        pair = [going, coming] if step % 2 else [coming, going]
        found = {f.box.y: f.track for f in tracker.update(pair, step / 10)}
        assert found == {40: 2, 220: 1}


def test_two_faces_never_share_a_number() -> None:
    tracker = Tracker(1.0)
    tracker.update([face(100)], 0.0)
    both = numbers(tracker.update([face(110), face(90)], 0.1))
    assert len(set(both)) == 2
    assert 1 in both


def test_attention_stays_with_one_of_two_alike() -> None:
    tracker = Tracker(1.0)
    attended = set()
    for step in range(20):
        flicker = 1 if step % 2 else -1
        faces = tracker.update([face(50, width=80 + flicker), face(400, width=80 - flicker)], step / 10)
        chosen = tracker.attended(faces)
        assert chosen is not None
        attended.add(chosen.track)
    assert len(attended) == 1


def test_attention_moves_to_somebody_much_nearer() -> None:
    tracker = Tracker(1.0)
    first = tracker.attended(tracker.update([face(50)], 0.0))
    faces = tracker.update([face(50), face(300, width=84)], 0.1)
    second = tracker.attended(faces)
    faces = tracker.update([face(50), face(300, width=160)], 0.2)
    third = tracker.attended(faces)
    assert [f.track if f else None for f in (first, second, third)] == [1, 1, 2]


def test_attention_waits_for_somebody_hidden_for_a_moment() -> None:
    tracker = Tracker(1.0)
    near, far = face(50, width=120), face(400, width=60)
    assert numbers(tracker.update([near, far], 0.0)) == [1, 2]
    attended = tracker.attended(tracker.update([near, far], 0.1))
    assert attended is not None
    assert attended.track == 1
    for step in range(2, 10):
        assert tracker.attended(tracker.update([far], step / 10)) is None
    back = tracker.attended(tracker.update([near, far], 1.0))
    assert back is not None
    assert back.track == 1


def test_attention_moves_on_when_somebody_has_left() -> None:
    tracker = Tracker(1.0)
    near, far = face(50, width=120), face(400, width=60)
    tracker.attended(tracker.update([near, far], 0.0))
    moved_on = None
    for step in range(1, 13):
        moved_on = tracker.attended(tracker.update([far], step / 10))
    assert moved_on is not None
    assert moved_on.box.x == 400


def test_nobody_is_attended_where_nobody_is() -> None:
    tracker = Tracker(1.0)
    assert tracker.attended(tracker.update([], 0.0)) is None
