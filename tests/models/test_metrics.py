"""Figures of merit against cases small enough to count by hand."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the train extra")

from models import metrics
from models.data.readers import DataError
from models.metrics import UnitFigures

pytestmark = pytest.mark.heavy
NAMES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
NAN = np.nan


def test_units_by_hand() -> None:
    probability = np.array([[0.9, 0.6], [0.6, 0.6], [0.4, 0.6], [0.1, 0.6], [0.9, 0.6]], np.float32)
    codes = np.array([[1, 1], [0, 1], [1, 1], [0, 1], [NAN, 1]], np.float32)

    found = metrics.action_units(probability, codes, ("AU01", "AU12"), ("AU01", "AU12"))

    # AU01: one hit, one false alarm, one miss: F1 = 2 / (2 + 1 + 1). Of four pairs three are in order.
    assert found == {"AU01": UnitFigures(2, 0.5, 0.75)}  # AU12 is always there: no figure
    assert metrics.macro(found) == (0.5, 0.75)


def test_only_units_of_the_protocol_count() -> None:
    probability = np.array([[0.9, 0.1], [0.1, 0.9]], np.float32)
    codes = np.array([[1, 1], [0, 0]], np.float32)
    found = metrics.action_units(probability, codes, ("AU01", "AU12"), ("AU12",))
    assert found == {"AU12": UnitFigures(1, 0.0, 0.0)}


def test_macro_is_the_plain_mean() -> None:
    figures = {"AU01": UnitFigures(90, 1.0, 0.8), "AU02": UnitFigures(2, 0.0, 0.6)}
    assert metrics.macro(figures) == pytest.approx((0.5, 0.7))


def test_no_unit_to_report_on_is_one_sentence() -> None:
    with pytest.raises(DataError, match="no unit is coded both as there and as not"):
        metrics.macro({})


def said(*rows: tuple[int, float]) -> np.ndarray:
    """One emotion each with its probability; the rest shares what is left."""
    out = np.array([[(1 - p) / 7] * 8 for _, p in rows], np.float32)
    for row, (emotion, p) in enumerate(rows):
        out[row, emotion] = p
    return out


def votes(*rows: dict[int, int]) -> np.ndarray:
    out = np.zeros((len(rows), 10), np.uint8)
    for row, given in enumerate(rows):
        for emotion, count in given.items():
            out[row, emotion] = count
    return out


def test_emotions_by_hand() -> None:
    answers = said((0, 0.9), (1, 0.8), (1, 0.8), (0, 0.6), (3, 0.9))
    raters = votes({0: 9}, {1: 6, 0: 4}, {0: 5, 1: 4}, {1: 10}, {8: 9, 3: 1})

    found = metrics.emotions(answers, raters, NAMES, np.zeros(5, bool))

    assert found.pictures == 4  # the raters call the fifth unknown
    assert found.plurality == pytest.approx(2 / 4)
    assert found.agreed_pictures == 3
    assert found.agreed == pytest.approx(2 / 3)
    assert found.recall == {**dict.fromkeys(NAMES, 0.0), "neutral": 0.5, "happiness": 0.5}
    assert found.macro_f1 == pytest.approx((0.5 + 0.5) / 8)
    assert found.confusion[0][:2] == [1, 1]
    assert found.confusion[1][:2] == [1, 1]
    # Bins: 0.9 right; 0.8 one right of two; 0.6 wrong.
    assert found.calibration == pytest.approx(0.25 * 0.1 + 0.5 * 0.3 + 0.25 * 0.6, abs=1e-6)


def test_the_calibration_error_leaves_out_what_was_calibrated_on() -> None:
    answers, raters = said((0, 0.95), (0, 0.85)), votes({0: 9}, {1: 9})
    fitted = np.array([False, True])
    assert metrics.emotions(answers, raters, NAMES, fitted).calibration == pytest.approx(0.05, abs=1e-6)
    assert metrics.emotions(answers, raters, NAMES, ~fitted).calibration == pytest.approx(0.85, abs=1e-6)


def test_calibration_error_of_the_extremes() -> None:
    sure = np.ones(4, np.float32)
    assert metrics.calibration_error(sure, np.ones(4, bool)) == 0.0
    assert metrics.calibration_error(sure, np.zeros(4, bool)) == 1.0
    assert metrics.calibration_error(np.full(4, 0.5, np.float32), np.array([True, False] * 2)) == 0.0
