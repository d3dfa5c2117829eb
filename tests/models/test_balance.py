"""Rare classes are lifted by how rare they are, up to a cap."""

from __future__ import annotations

import numpy as np
import pytest

from models.data.balance import class_weights, drawing_weights

COUNTS = (64, 16, 4, 1)
ROWS = np.eye(4, dtype=np.float32)[np.repeat(np.arange(4), COUNTS)]


@pytest.mark.parametrize(
    ("power", "weights"),
    [(0.0, [1, 1, 1, 1]), (0.5, [1, 2, 4, 8]), (1.0, [1, 4, 16, 64])],
)
def test_a_class_weighs_its_rarity_to_a_power(power: float, weights: list[float]) -> None:
    np.testing.assert_allclose(class_weights(ROWS, 1000.0, power), weights, rtol=1e-5)


def test_no_class_weighs_more_than_the_cap() -> None:
    np.testing.assert_allclose(class_weights(ROWS, 3.0), [1, 2, 3, 3], rtol=1e-5)


def test_a_class_that_nobody_shows_weighs_the_cap_and_not_without_end() -> None:
    assert class_weights(np.eye(4, dtype=np.float32)[[0, 0, 1, 2]], 5.0)[3] == 5.0


def test_with_full_power_all_classes_are_drawn_alike() -> None:
    chance = drawing_weights(ROWS, 1000.0, power=1.0)
    drawn = [chance[ROWS[:, k] == 1].sum() for k in range(4)]
    np.testing.assert_allclose(drawn, drawn[0], rtol=1e-4)


def test_a_divided_row_weighs_between_its_classes() -> None:
    rows = np.concatenate([ROWS, [[0.5, 0.5, 0, 0]]]).astype(np.float32)
    weight = drawing_weights(rows, 4.0)
    assert weight[0] < weight[-1] < weight[COUNTS[0]]


def test_rows_of_which_nothing_is_known_change_no_other() -> None:
    unknown = np.full((20, 4), np.nan, np.float32)
    weight = drawing_weights(np.concatenate([ROWS, unknown]), 4.0)
    assert weight.mean() == pytest.approx(1.0)
    np.testing.assert_allclose(
        weight[: len(ROWS)] / weight[0], drawing_weights(ROWS, 4.0) / drawing_weights(ROWS, 4.0)[0], rtol=1e-5
    )
    assert (weight[len(ROWS) :] == weight[0]).all()


def test_the_released_nets_rows_are_drawn_as_they_were() -> None:
    """To the last bit: capped square roots, in single precision."""
    votes = np.random.default_rng(3).dirichlet([9, 7, 3, 3, 2, 0.2, 0.6, 0.1], 500).astype(np.float32)
    votes[::50] = np.nan
    known = np.isfinite(votes).all(axis=1)
    share = votes[known].mean(axis=0)
    lift = np.clip(np.sqrt(share.max() / np.maximum(share, 1e-6)), 1.0, 4.0)
    wanted = np.ones(len(votes), np.float32)
    wanted[known] = votes[known] @ lift
    wanted = (wanted / wanted.mean()).astype(np.float32)
    assert drawing_weights(votes, 4.0).tobytes() == wanted.tobytes()
