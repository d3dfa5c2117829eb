"""How far a person's own resting face may be trusted."""

from __future__ import annotations

import numpy as np
import pytest

from models.neutral import reliability

PEOPLE = np.repeat([f"P{i}" for i in range(40)], 5)


def frames(between: float, within: float, seed: int = 1) -> np.ndarray:
    """Five frames of forty people, one unit: how far the people and their frames differ."""
    rng = np.random.default_rng(seed)
    person = np.repeat(rng.normal(0, between, 40), 5)
    return (person + rng.normal(0, within, 200))[:, None].astype(np.float32)


def test_noise_is_not_trusted() -> None:
    assert reliability(frames(0.0, 1.0), PEOPLE)[0] < 0.1


def test_people_who_differ_and_frames_that_do_not() -> None:
    assert reliability(frames(2.0, 0.02), PEOPLE)[0] > 0.999


@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.0])
def test_the_share_of_the_variance_that_is_the_persons(ratio: float) -> None:
    found = np.mean([reliability(frames(ratio, 1.0, seed), PEOPLE)[0] for seed in range(30)])
    assert found == pytest.approx(ratio**2 / (ratio**2 + 1), abs=0.05)


def test_a_table_small_enough_to_do_by_hand() -> None:
    # Three people, two frames: means 1, 3, 8 about 4. Between: 2 * (9 + 1 + 16) / 2 = 26; within:
    # (2 + 2 + 2) / 3 = 2. ICC(1) = (26 - 2) / (26 + (2 - 1) * 2) = 24 / 28.
    logits = np.array([[0], [2], [2], [4], [7], [9]], np.float32)
    subjects = np.array(["a", "a", "b", "b", "c", "c"])
    assert reliability(logits, subjects)[0] == pytest.approx(24 / 28, rel=1e-6)
    # In whatever order the frames come.
    order = np.array([4, 0, 2, 5, 3, 1])
    assert reliability(logits[order], subjects[order])[0] == pytest.approx(24 / 28, rel=1e-6)


def test_people_with_more_frames() -> None:
    # Two people, three and one-and-two frames: by the definition with the typical count of frames.
    logits = np.array([[0], [1], [2], [10], [12]], np.float32)
    subjects = np.array(["a"] * 3 + ["b"] * 2)
    grand = logits.mean()
    between = 3 * (1 - grand) ** 2 + 2 * (11 - grand) ** 2
    within = (1 + 0 + 1 + 1 + 1) / 3
    typical = 5 - (9 + 4) / 5
    wanted = (between - within) / (between + (typical - 1) * within)
    assert reliability(logits, subjects)[0] == pytest.approx(wanted, rel=1e-6)


def test_each_unit_by_itself() -> None:
    both = np.hstack([frames(0.0, 1.0), frames(2.0, 0.02)])
    found = reliability(both, PEOPLE)
    assert found.dtype == np.float32
    assert (found[0] < 0.1, found[1] > 0.999) == (True, True)


def test_a_single_frame_says_nothing_of_its_person() -> None:
    alone = np.array(["x", "y", "z"])
    logits = np.array([[100.0], [-100.0], [50.0]], np.float32)
    assert reliability(logits, alone).tolist() == [0.0]
    joined = reliability(np.vstack([frames(1.0, 1.0), logits]), np.concatenate([PEOPLE, alone]))
    np.testing.assert_array_equal(joined, reliability(frames(1.0, 1.0), PEOPLE))


def test_frames_that_never_move_are_not_divided_by() -> None:
    assert reliability(np.zeros((200, 2), np.float32), PEOPLE).tolist() == [0.0, 0.0]


def test_one_person_cannot_be_told_from_others() -> None:
    assert reliability(frames(1.0, 1.0)[:5], PEOPLE[:5]).tolist() == [0.0]
