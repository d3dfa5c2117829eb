"""Figures of merit, with their definitions in one place (computed by scikit-learn)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn import metrics

from models.data.readers import DataError

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class UnitFigures:
    """positives: coded ones. f1 at 0.5; auroc: area under the ROC curve."""

    positives: int
    f1: float
    auroc: float


def action_units(
    probability: Float32, codes: Float32, names: Sequence[str], protocol: Sequence[str]
) -> dict[str, UnitFigures]:
    """Figures of each unit of the protocol that has both values among the codes.

    probability: float32 [N, K]. codes: float32 [N, K] of 0 and 1, NaN where nobody coded.
    """
    out = {}
    for unit in protocol:
        k = list(names).index(unit)
        known = np.isfinite(codes[:, k])
        truth, p = codes[known, k] > 0.5, probability[known, k]
        if truth.any() and not truth.all():
            out[unit] = UnitFigures(
                int(truth.sum()),
                float(metrics.f1_score(truth, p >= 0.5, zero_division=0.0)),
                float(metrics.roc_auc_score(truth, p)),
            )
    return out


def macro(figures: dict[str, UnitFigures]) -> tuple[float, float]:
    """Mean F1 and AUROC over the units. Raises DataError if there are none."""
    if not figures:
        raise DataError("among these people no unit is coded both as there and as not: take more of them")
    return (
        float(np.mean([f.f1 for f in figures.values()])),
        float(np.mean([f.auroc for f in figures.values()])),
    )


@dataclass(frozen=True)
class EmotionFigures:
    """plurality: accuracy against the most voted emotion, where it is one of the eight.

    agreed: the same where more than five raters chose it. recall: of each emotion. calibration:
    expected calibration error in ten bins of confidence, on pictures the temperature has not seen.
    """

    pictures: int
    plurality: float
    agreed_pictures: int
    agreed: float
    macro_f1: float
    recall: dict[str, float]
    confusion: list[list[int]]
    calibration: float


def emotions(
    probability: Float32,
    votes: npt.NDArray[np.uint8],
    names: Sequence[str],
    calibrated_on: npt.NDArray[np.bool_],
) -> EmotionFigures:
    """Figures of each emotion and of all.

    probability: float32 [N, 8]. votes: uint8 [N, 10] of FER+ (unknown and no-face last).
    calibrated_on: bool [N], the pictures on which the temperature was fitted.
    """
    truth = votes.argmax(axis=1)
    named = truth < len(names)
    probability, truth, votes = probability[named], truth[named], votes[named]
    fresh = ~calibrated_on[named]
    answer = probability.argmax(axis=1)
    right = answer == truth
    agreed = votes[:, : len(names)].max(axis=1) > 5
    labels = list(range(len(names)))
    recall = metrics.recall_score(truth, answer, labels=labels, average=None, zero_division=0.0)
    return EmotionFigures(
        len(truth),
        float(right.mean()),
        int(agreed.sum()),
        float(right[agreed].mean()),
        float(metrics.f1_score(truth, answer, labels=labels, average="macro", zero_division=0.0)),
        {name: float(r) for name, r in zip(names, recall)},
        metrics.confusion_matrix(truth, answer, labels=labels).tolist(),
        calibration_error(probability.max(axis=1)[fresh], right[fresh]),
    )


def calibration_error(confidence: Float32, right: npt.NDArray[np.bool_], bins: int = 10) -> float:
    """Mean distance of confidence from accuracy over equally wide bins (Guo et al. 2017)."""
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    error = 0.0
    for b in range(bins):
        inside = index == b
        if inside.any():
            error += inside.mean() * abs(float(confidence[inside].mean()) - float(right[inside].mean()))
    return float(error)
