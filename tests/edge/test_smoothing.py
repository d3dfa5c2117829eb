"""Smoothing means the same at every frame rate."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edge.smoothing import Smoother

TAU = 0.25
LOW, HIGH = np.full(3, -2.0, np.float32), np.full(3, 2.0, np.float32)


@pytest.mark.parametrize("rate", [5, 12, 30])
def test_63_percent_of_a_step_are_reached_in_the_time_constant(rate: int) -> None:
    smoother = Smoother(TAU, 1.0)
    smoother.update(LOW, 1, 0.0)
    shares = {}
    for step in range(1, rate * 2):
        value = smoother.update(HIGH, 1, step / rate)
        shares[step / rate] = float(value[0] + 2.0) / 4.0
    for time, share in shares.items():
        assert share == pytest.approx(1 - math.exp(-time / TAU), abs=1e-3)
    nearest = min(shares, key=lambda t: abs(t - TAU))
    assert shares[nearest] == pytest.approx(0.63, abs=0.1)


def test_jitter_of_single_frames_is_damped() -> None:
    smoother = Smoother(TAU, 1.0)
    values = [float(smoother.update(HIGH if i % 2 else LOW, 1, i / 30)[0]) for i in range(90)]
    assert max(map(abs, values[30:])) < 0.5


def test_a_gap_starts_afresh() -> None:
    smoother = Smoother(TAU, 1.0)
    smoother.update(LOW, 1, 0.0)
    assert smoother.update(HIGH, 1, 0.9)[0] < 2.0
    np.testing.assert_array_equal(smoother.update(LOW, 1, 2.0), LOW)


def test_another_person_starts_afresh() -> None:
    smoother = Smoother(TAU, 1.0)
    smoother.update(LOW, 1, 0.0)
    np.testing.assert_array_equal(smoother.update(HIGH, 2, 0.03), HIGH)


def test_a_clock_that_goes_back_starts_afresh() -> None:
    smoother = Smoother(TAU, 1.0)
    smoother.update(LOW, 1, 5.0)
    np.testing.assert_array_equal(smoother.update(HIGH, 1, 4.0), HIGH)


def test_a_time_constant_of_zero_smooths_nothing() -> None:
    smoother = Smoother(0.0, 1.0)
    smoother.update(LOW, 1, 0.0)
    np.testing.assert_array_equal(smoother.update(HIGH, 1, 0.03), HIGH)


def test_the_answer_keeps_shape_and_type() -> None:
    smoother = Smoother(TAU, 1.0)
    smoother.update(LOW, 1, 0.0)
    value = smoother.update(HIGH, 1, 0.1)
    assert value.shape == (3,)
    assert value.dtype == np.float32
