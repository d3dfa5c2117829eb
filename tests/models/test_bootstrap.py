"""Intervals: people are drawn and not pictures, and every resample has the figures it should have."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the train extra")

from sklearn import metrics as known

from models import metrics
from models.evaluation import bootstrap
from models.metrics import Answered

pytestmark = pytest.mark.heavy


def test_people_are_drawn_with_all_their_pictures() -> None:
    subjects = np.array(["a", "b", "a", "c", "b", "a"])
    weights = bootstrap.draw_people(subjects, resamples=200)
    assert weights.shape == (200, 6)
    for person in "abc":
        of_person = weights[:, subjects == person]
        assert (of_person == of_person[:, :1]).all()
    counts = weights[:, [0, 1, 3]]
    assert (counts.sum(axis=1) == 3).all()  # as many people as there are
    assert counts.max() > 1
    assert counts.min() == 0
    np.testing.assert_array_equal(weights, bootstrap.draw_people(subjects, resamples=200))


def test_pictures_of_one_person_make_an_interval_wider() -> None:
    """Ten people with twenty alike pictures each know as much as ten pictures, not as two hundred."""
    rng = np.random.default_rng(1)
    truth = np.repeat(rng.random(10) < 0.5, 20)
    p = np.repeat(rng.random(10), 20).astype(np.float32)[:, None]
    codes = truth.astype(np.float32)[:, None]

    def width(subjects: list[str]) -> float:
        drawn = bootstrap.action_units(p, codes, ("AU01",), ["AU01"], bootstrap.draw_people(subjects))
        low, high = bootstrap.interval(drawn.auroc["AU01"])
        return high - low

    by_person = width([f"p{i // 20}" for i in range(200)])
    by_picture = width([f"p{i}" for i in range(200)])
    assert by_person > 3 * by_picture


def test_a_resample_is_scored_as_if_its_rows_were_written_out() -> None:
    rng = np.random.default_rng(2)
    truth = rng.random(60) < 0.3
    p = (np.round(rng.random(60) * 12) / 12).astype(np.float32)  # many ties
    weights = bootstrap.draw_people([f"p{i % 9}" for i in range(60)], resamples=20)

    f1, auroc, average = bootstrap.weighted(truth, p, weights)

    for b in range(20):
        rows = np.repeat(np.arange(60), weights[b].astype(int))
        assert f1[b] == pytest.approx(known.f1_score(truth[rows], p[rows] >= 0.5))
        assert auroc[b] == pytest.approx(known.roc_auc_score(truth[rows], p[rows]))
        assert average[b] == pytest.approx(known.average_precision_score(truth[rows], p[rows]))


def test_every_row_once_gives_the_figure_itself() -> None:
    rng = np.random.default_rng(5)
    truth, p = rng.random(40) < 0.4, rng.random(40).astype(np.float32)
    f1, auroc, average = bootstrap.weighted(truth, p, np.ones((1, 40)))
    codes = truth.astype(np.float32)[:, None]
    found = metrics.action_units(p[:, None], codes, ("AU01",), ("AU01",))["AU01"]
    assert (f1[0], auroc[0], average[0]) == pytest.approx((found.f1, found.auroc, found.average_precision))


def test_nothing_said_is_an_f1_of_zero_and_no_positive_drawn_is_none() -> None:
    truth, p = np.array([True, False]), np.array([0.4, 0.3], np.float32)
    f1, auroc, _ = bootstrap.weighted(truth, p, np.array([[1.0, 1.0], [0.0, 2.0]]))
    assert f1[0] == 0.0
    assert auroc[0] == 1.0
    assert np.isnan([f1[1], auroc[1]]).all()


def test_a_macro_leaves_out_what_a_resample_does_not_have() -> None:
    drawn = bootstrap.Resampled(
        {"AU01": np.array([0.5, np.nan, np.nan]), "AU02": np.array([1.0, 0.25, np.nan])}, {}, {}
    )
    macro = drawn.macro("f1")
    assert macro[:2] == pytest.approx([0.75, 0.25])
    assert np.isnan(macro[2])
    assert bootstrap.interval(macro) == pytest.approx((0.2625, 0.7375))
    assert np.isnan(bootstrap.interval(macro[2:])).all()


def test_intervals_of_classes_hold_the_figure_and_shrink_with_more_pictures() -> None:
    rng = np.random.default_rng(6)

    def answered(count: int) -> Answered:
        truth = rng.integers(0, 3, count)
        p = np.eye(3, dtype=np.float32)[np.where(rng.random(count) < 0.7, truth, 0)]
        return Answered(p, truth, rng.random(count) < 0.5, np.ones(count, bool), ("a", "b", "c"))

    widths = []
    for count in (200, 3200):
        found = answered(count)
        figures, spans = metrics.figures(found), bootstrap.classes(found)
        for name in ("plurality", "agreed", "macro_f1", "mcc", "kappa"):
            low, high = spans[name]
            assert low < getattr(figures, name) < high
        widths.append(spans["plurality"][1] - spans["plurality"][0])
        assert spans["recall"]["a"] == (1.0, 1.0)
        # The normal approximation of a share.
        p = figures.plurality
        assert widths[-1] == pytest.approx(2 * 1.96 * (p * (1 - p) / count) ** 0.5, rel=0.15)
    assert widths[1] < 0.4 * widths[0]


def test_a_paired_difference_is_surer_than_two_apart() -> None:
    before = np.array([1.0, 1.0, 0.0, 0.0] * 50)
    after = before.copy()
    after[:4] = [0.0, 1.0, 0.0, 0.0]
    low, high = bootstrap.difference(before, after)
    assert (low + high) / 2 == pytest.approx(1 / 200)
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(1 / 200 * (1 - 1 / 200) / 200))
