"""Splits that hold their shares, keep people together and stay as they are when a set grows."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from models.data import balance, splits

SHARES = {"train": 0.7, "valid": 0.2, "test": 0.1}
PEOPLE = [f"P{i // 5}" for i in range(1000)]
CLASSES = [["neutral", "fear"][i % 10 == 0] for i in range(1000)]
KEYS = [f"{i}.png" for i in range(1000)]


def test_a_person_stands_in_one_part_whoever_else_is_there() -> None:
    parts = splits.by_subject(PEOPLE, SHARES)
    assert all(len(set(parts[np.array(PEOPLE) == p])) == 1 for p in set(PEOPLE))
    assert parts[:100].tolist() == splits.by_subject(PEOPLE[:100], SHARES).tolist()
    shares = Counter(parts)
    assert 0.6 < shares["train"] / 1000 < 0.8 and 0.12 < shares["valid"] / 1000 < 0.28


def test_another_seed_is_another_split() -> None:
    assert (splits.by_subject(PEOPLE, SHARES, 1) != splits.by_subject(PEOPLE, SHARES, 2)).any()


def test_every_class_is_divided_by_the_same_shares() -> None:
    parts = splits.stratified(CLASSES, KEYS, SHARES)
    for name, count in Counter(CLASSES).items():
        found = Counter(parts[np.array(CLASSES) == name])
        assert {p: found[p] for p in SHARES} == {p: round(count * s) for p, s in SHARES.items()}


def test_the_order_of_rows_does_not_matter() -> None:
    order = np.random.default_rng(1).permutation(1000)
    shuffled = splits.stratified([CLASSES[i] for i in order], [KEYS[i] for i in order], SHARES)
    assert shuffled.tolist() == splits.stratified(CLASSES, KEYS, SHARES)[order].tolist()


def test_people_and_classes_together() -> None:
    mostly = ["fear" if i // 5 % 4 == 0 else "neutral" for i in range(1000)]
    parts = splits.by_subject_stratified(PEOPLE, mostly, SHARES)
    assert all(len(set(parts[np.array(PEOPLE) == p])) == 1 for p in set(PEOPLE))
    for name in set(mostly):
        rows = np.array(mostly) == name
        assert abs((parts[rows] == "train").mean() - 0.7) < 0.03


@pytest.mark.parametrize("shares", [{}, {"train": 0.5}, {"train": 1.5, "test": -0.5}])
def test_shares_that_are_none(shares: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="do not sum to 1"):
        splits.by_subject(PEOPLE, shares)


def test_rows_without_a_person_or_told_apart_by_nothing() -> None:
    with pytest.raises(ValueError, match="name no subject"):
        splits.by_subject(["P1", ""], SHARES)
    with pytest.raises(ValueError, match="name no subject"):
        splits.by_subject_stratified(["P1", ""], ["fear", "fear"], SHARES)
    with pytest.raises(ValueError, match="same key"):
        splits.stratified(["fear", "fear"], ["1.png", "1.png"], SHARES)


def test_a_rare_class_is_lifted_up_to_the_cap() -> None:
    one_hot = np.eye(2, dtype=np.float32)[[0] * 90 + [1] * 10]
    assert balance.class_weights(one_hot, 100.0).tolist() == pytest.approx([1, 3])
    assert balance.class_weights(one_hot, 100.0, power=1.0).tolist() == pytest.approx([1, 9])
    assert balance.class_weights(one_hot, 2.0).tolist() == pytest.approx([1, 2])
    weights = balance.drawing_weights(one_hot, 2.0)
    assert weights.mean() == pytest.approx(1) and weights[-1] == pytest.approx(2 * weights[0])


def test_a_row_that_nobody_labelled_is_drawn_all_the_same() -> None:
    rows = np.array([[1, 0], [0, 1], [np.nan, np.nan]], np.float32)
    assert (balance.drawing_weights(rows, 4.0) > 0).all()
