"""Thresholds and temperature, on data whose best answer is known."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("scipy", reason="needs the train extra")

from models import calibrate

pytestmark = pytest.mark.heavy
Pair = tuple[np.ndarray, np.ndarray]


def unknown(count: int = 1) -> Pair:
    return np.zeros((count, 1), np.float32), np.full((count, 1), np.nan, np.float32)


def split_at(value: float, positives: int = 200, negatives: int = 600) -> Pair:
    """Log-odds that a threshold at `value` separates without a fault."""
    rng = np.random.default_rng(1)
    high, low = (
        rng.uniform(value + 0.06, value + 1, positives),
        rng.uniform(value - 1, value - 0.06, negatives),
    )
    truth = np.concatenate([np.ones(positives), np.zeros(negatives)])
    return np.concatenate([high, low])[:, None].astype(np.float32), truth[:, None].astype(np.float32)


@pytest.mark.parametrize("value", [-2.5, -1.0, 0.0, 1.0])
def test_the_best_threshold_is_found(value: float) -> None:
    # Where a little F1 buys it, the prior moves the answer by one step of 0.1.
    assert calibrate.thresholds(split_at(value), unknown())[0] == pytest.approx(value, abs=0.11)
    assert calibrate.thresholds(unknown(), split_at(value))[0] == pytest.approx(value, abs=0.11)


def test_each_unit_has_its_own() -> None:
    (a, truth), (b, _) = split_at(-1.0), split_at(1.0)
    both = np.hstack([a, b]), np.hstack([truth, truth])
    found = calibrate.thresholds(both, both)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [-1.0, 1.0], atol=0.06)


def test_without_data_the_prior_decides() -> None:
    assert calibrate.thresholds(unknown(), unknown())[0] == pytest.approx(calibrate.PRIOR_LOGIT, abs=0.06)


def test_units_rare_in_the_wild_do_not_fire_on_every_face() -> None:
    # In the laboratory -2 would do; on the street every second face lies above it, and none shows the unit.
    street = np.random.default_rng(2).normal(-2.0, 0.5, (1000, 1)).astype(np.float32)
    targets = np.zeros_like(street)
    targets[:3] = 1.0  # fewer than can be learned from

    alone = calibrate.thresholds(split_at(-2.0, 10, 30), unknown())
    both = calibrate.thresholds(split_at(-2.0, 10, 30), (street, targets))

    assert (street >= alone).mean() > 0.4
    assert (street >= both).mean() < 0.25


def test_laboratory_and_street_count_alike() -> None:
    # However many more faces the street has.
    (lab, lab_truth), (street, street_truth) = split_at(1.0, 30, 60), split_at(-1.0, 2000, 4000)
    found = calibrate.thresholds((lab, lab_truth), (street, street_truth))
    assert -1.1 < found[0] < 1.1


def test_soft_and_unknown_targets() -> None:
    logits, truth = split_at(0.5)
    soft = np.where(truth == 1, 0.8, 0.2).astype(np.float32)
    soft[::7] = np.nan
    assert calibrate.thresholds((logits, soft), unknown())[0] == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("hot", [0.5, 1.0, 2.5])
def test_a_known_temperature_is_recovered(hot: float) -> None:
    rng = np.random.default_rng(3)
    scores = rng.normal(0, 2, (500, 8)).astype(np.float32)
    votes = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert calibrate.temperature(scores * np.float32(hot), votes.astype(np.float32)) == pytest.approx(
        hot, rel=0.01
    )


def test_the_halves_are_about_equal_and_fixed() -> None:
    half = calibrate.calibration_half(3300)
    assert 0.45 < half.mean() < 0.55
    np.testing.assert_array_equal(calibrate.calibration_half(100), half[:100])
    assert np.flatnonzero(half[:12]).tolist() == [4, 5, 6, 7]
