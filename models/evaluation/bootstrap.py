"""How far a figure could lie from what other people would have given.

Pictures of one person resemble each other, so it is people who are drawn anew and not pictures
(percentile bootstrap, Efron 1979, over clusters). FER+ names nobody: there pictures are drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models import metrics
from models.metrics import Answered, Bools, Float32

Float64 = npt.NDArray[np.float64]
Interval = tuple[float, float]

RESAMPLES = 1000
SEED = 20261125
LEVEL = 0.95


def draw_people(
    subjects: Sequence[str] | npt.NDArray[np.str_], resamples: int = RESAMPLES, seed: int = SEED
) -> Float64:
    """How often each picture counts when as many people are drawn, with replacement, as there are.

    subjects: whose picture each one is, [N]. Returns float64 [resamples, N] of whole numbers.
    """
    people, whose = np.unique(np.asarray(subjects), return_inverse=True)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(people), np.full(len(people), 1 / len(people)), size=resamples)
    return drawn[:, whose].astype(np.float64)


def interval(values: Float64) -> Interval:
    """The middle 95 % of the resamples in which the figure exists; NaN if there is none."""
    found = values[np.isfinite(values)]
    if not len(found):
        return float("nan"), float("nan")
    low, high = np.quantile(found, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return float(low), float(high)


@dataclass(frozen=True, eq=False)
class Resampled:
    """Figures of every resample, float64 [B] by unit; NaN where no positive or no negative was drawn."""

    f1: dict[str, Float64]
    auroc: dict[str, Float64]
    average_precision: dict[str, Float64]

    def macro(self, figure: str) -> Float64:
        """The mean over the units that exist in each resample: float64 [B]."""
        values = np.stack(list(getattr(self, figure).values()))
        exist = np.isfinite(values)
        total = np.where(exist, values, 0.0).sum(axis=0)
        return np.asarray(
            np.divide(total, exist.sum(axis=0), out=np.full(len(total), np.nan), where=exist.any(axis=0))
        )


def action_units(
    probability: Float32, codes: Float32, names: Sequence[str], units: Sequence[str], weights: Float64
) -> Resampled:
    """Each unit's figures under every resample.

    probability, codes: float32 [N, K], as for metrics.action_units. weights: float64 [B, N], of
    `draw_people`: the same people are drawn for every unit, so that means over units hold together.
    """
    out = Resampled({}, {}, {})
    for unit in units:
        truth, p, known = metrics.coded_rows(probability, codes, list(names).index(unit))
        out.f1[unit], out.auroc[unit], out.average_precision[unit] = weighted(truth, p, weights[:, known])
    return out


def weighted(truth: Bools, probability: Float32, weights: Float64) -> tuple[Float64, Float64, Float64]:
    """F1 at 0.5, AUROC and average precision when each row counts `weights` times.

    truth: bool [M]. probability: float32 [M]. weights: float64 [B, M]. Returns three float64 [B].
    """
    scores, place = np.unique(-probability, return_inverse=True)  # the surest first, ties together
    member = np.zeros((len(truth), len(scores)))
    member[np.arange(len(truth)), place] = 1.0
    positive = weights @ (member * truth[:, None])
    negative = weights @ (member * ~truth[:, None])
    positives, negatives = positive.sum(axis=1), negative.sum(axis=1)
    exists = (positives > 0) & (negatives > 0)
    hit, false = positive.cumsum(axis=1), negative.cumsum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        above = -scores >= 0.5
        said, found = (hit + false)[:, above.sum() - 1], hit[:, above.sum() - 1]
        if not above.any():
            said, found = np.zeros_like(positives), np.zeros_like(positives)
        f1 = 2 * found / (said + positives)
        # Pairs in order: negatives that come later, and half of those that tie.
        later = negatives[:, None] - false + negative / 2
        auroc = (positive * later).sum(axis=1) / (positives * negatives)
        precision = np.where(hit + false > 0, hit / (hit + false), 0.0)
        average = (positive * precision).sum(axis=1) / positives
    f1, auroc, average = (np.where(exists, values, np.nan) for values in (f1, auroc, average))
    return f1, auroc, average


def classes(
    answered: Answered, resamples: int = RESAMPLES, seed: int = SEED
) -> dict[str, Interval | dict[str, Interval]]:
    """Intervals of plurality, agreed, macro_f1, mcc, kappa, and of each class's recall (by picture).

    All of these hang on the confusion matrices alone, so drawing pictures is drawing their cells.
    """
    kinds = len(answered.names)
    cell = answered.truth * kinds + answered.probability.argmax(axis=1) + kinds**2 * answered.agreed
    share = np.bincount(cell, minlength=2 * kinds**2) / len(cell)
    drawn = np.random.default_rng(seed).multinomial(len(cell), share, size=resamples).astype(np.float64)
    apart = drawn.reshape(resamples, 2, kinds, kinds)
    whole = metrics.of_confusion(apart.sum(axis=1))
    agreed = apart[:, 1]
    with np.errstate(invalid="ignore"):
        right = np.trace(agreed, axis1=1, axis2=2) / agreed.sum(axis=(1, 2))
        recall = np.diagonal(apart.sum(axis=1), axis1=1, axis2=2) / apart.sum(axis=(1, 3))
    return {
        "plurality": interval(whole["accuracy"]),
        "agreed": interval(right),
        "macro_f1": interval(whole["macro_f1"]),
        "mcc": interval(whole["mcc"]),
        "kappa": interval(whole["kappa"]),
        "recall": {name: interval(recall[:, k]) for k, name in enumerate(answered.names)},
    }


def difference(before: Float64, after: Float64) -> Interval:
    """Interval of the mean of before - after over pictures (normal approximation). float64 [N] each."""
    gap = before - after
    spread = 1.96 * float(gap.std()) / float(np.sqrt(len(gap)))
    return float(gap.mean()) - spread, float(gap.mean()) + spread
