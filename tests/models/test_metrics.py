"""Figures of merit against cases small enough to count by hand."""

from __future__ import annotations

from dataclasses import astuple

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
    # Positives come first and third: precision 1 and 2/3. Bins: 0.9 and 0.1 are 0.1 off, 0.6 and 0.4 0.6.
    assert set(found) == {"AU01"}  # AU12 is always there: no figure
    assert astuple(found["AU01"]) == pytest.approx((2, 0.5, 0.75, 5 / 6, 0.35), abs=1e-6)
    assert metrics.macro(found) == pytest.approx((0.5, 0.75))


def test_only_units_of_the_protocol_count() -> None:
    probability = np.array([[0.9, 0.1], [0.1, 0.9]], np.float32)
    codes = np.array([[1, 1], [0, 0]], np.float32)
    found = metrics.action_units(probability, codes, ("AU01", "AU12"), ("AU12",))
    assert set(found) == {"AU12"}
    assert astuple(found["AU12"]) == pytest.approx((1, 0.0, 0.0, 0.5, 0.9), abs=1e-6)


def test_a_unit_the_net_does_not_have_is_no_fault() -> None:
    probability, codes = np.array([[0.9], [0.1]], np.float32), np.array([[1], [0]], np.float32)
    assert set(metrics.action_units(probability, codes, ("AU12L",), ("AU12", "AU12L"))) == {"AU12L"}


def test_macro_is_the_plain_mean() -> None:
    figures = {"AU01": UnitFigures(90, 1.0, 0.8, 0.9, 0.0), "AU02": UnitFigures(2, 0.0, 0.6, 0.5, 0.0)}
    assert metrics.macro(figures) == pytest.approx((0.5, 0.7))
    assert metrics.macro_average_precision(figures) == pytest.approx(0.7)


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


def test_a_reliability_diagram_adds_up_to_its_error() -> None:
    rng = np.random.default_rng(3)
    confidence = rng.random(400).astype(np.float32)
    right = rng.random(400) < confidence**2
    bins = metrics.reliability(confidence, right)
    assert sum(b.count for b in bins) == 400
    assert [b.low for b in bins] == pytest.approx([k / 10 for k in range(10)])
    assert all(b.low <= b.confidence <= b.high for b in bins)
    first = confidence < 0.1
    assert bins[0].accuracy == pytest.approx(right[first].mean())
    by_hand = sum(b.count * abs(b.accuracy - b.confidence) for b in bins) / 400
    assert metrics.calibration_error(confidence, right) == pytest.approx(by_hand)


def test_scores_of_a_confusion_are_those_of_scikit_learn() -> None:
    from sklearn import metrics as known

    rng = np.random.default_rng(4)
    truth = rng.integers(0, 5, 300)
    answer = np.where(rng.random(300) < 0.6, truth, rng.integers(0, 5, 300))
    found = metrics.of_confusion(known.confusion_matrix(truth, answer).astype(float))
    assert found["accuracy"] == pytest.approx(known.accuracy_score(truth, answer))
    assert found["macro_f1"] == pytest.approx(known.f1_score(truth, answer, average="macro"))
    assert found["mcc"] == pytest.approx(known.matthews_corrcoef(truth, answer))
    assert found["kappa"] == pytest.approx(known.cohen_kappa_score(truth, answer))


def test_one_class_alone_has_no_correlation() -> None:
    found = metrics.of_confusion(np.array([[7.0, 0.0], [0.0, 0.0]]))
    assert {name: float(value) for name, value in found.items()} == {
        "accuracy": 1.0,
        "macro_f1": 0.5,
        "mcc": 0.0,
        "kappa": 0.0,
    }


def test_attitudes_by_hand() -> None:
    # Votes: positive; surprise (left out); sadness and anger together negative; unknown (left out);
    # neutral by plurality, though the negative emotions have more votes together.
    raters = votes({1: 9}, {2: 9}, {3: 4, 4: 3, 0: 3}, {8: 9}, {0: 4, 3: 3, 4: 3})
    answers = said((1, 0.9), (0, 0.9), (5, 0.9), (1, 0.9), (0, 0.9))

    found = metrics.answered_attitudes(answers, raters, NAMES, np.zeros(5, bool))

    assert found.names == ("positive", "neutral", "negative")
    assert found.truth.tolist() == [0, 2, 2]
    assert found.agreed.tolist() == [True, True, True]
    assert found.probability.sum(axis=1) == pytest.approx(np.ones(3))
    # Sadness, anger, disgust, fear and contempt are summed.
    assert found.probability[1, 2] == pytest.approx(0.9 + 4 * 0.1 / 7)
    assert found.right.tolist() == [True, True, False]
    assert metrics.figures(found).plurality == pytest.approx(2 / 3)
