"""Figures of merit, with their definitions in one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn import metrics

from edge.facs import ATTITUDE_OF, ATTITUDES
from models.data.readers import DataError

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.int64]

BINS = 10
"""Equally wide bins of confidence in every calibration error and reliability diagram."""
AGREED = 5
"""With more of FER+'s ten raters than this on one answer they count as agreed."""


@dataclass(frozen=True)
class UnitFigures:
    """positives: coded ones. f1 at 0.5; auroc: area under the ROC curve; average_precision: area
    under the precision-recall curve; calibration: expected calibration error of the probability.
    """

    positives: int
    f1: float
    auroc: float
    average_precision: float
    calibration: float


def action_units(
    probability: Float32, codes: Float32, names: Sequence[str], protocol: Sequence[str]
) -> dict[str, UnitFigures]:
    """Figures of each unit of the protocol that the net has and that has both values among the codes.

    probability: float32 [N, K]. codes: float32 [N, K] of 0 and 1, NaN where nobody coded.
    """
    out = {}
    for unit in [u for u in protocol if u in names]:
        truth, p, _ = coded_rows(probability, codes, list(names).index(unit))
        if truth.any() and not truth.all():
            out[unit] = UnitFigures(
                int(truth.sum()),
                float(metrics.f1_score(truth, p >= 0.5, zero_division=0.0)),
                float(metrics.roc_auc_score(truth, p)),
                float(metrics.average_precision_score(truth, p)),
                calibration_error(p, truth),
            )
    return out


def coded_rows(probability: Float32, codes: Float32, unit: int) -> tuple[Bools, Float32, Bools]:
    """What is coded of one unit: truth bool [M], probability float32 [M], which rows these are bool [N]."""
    known = np.isfinite(codes[:, unit])
    return codes[known, unit] > 0.5, probability[known, unit], known


def macro(figures: dict[str, UnitFigures]) -> tuple[float, float]:
    """Mean F1 and AUROC over the units. Raises DataError if there are none."""
    if not figures:
        raise DataError("among these people no unit is coded both as there and as not: take more of them")
    return (
        float(np.mean([f.f1 for f in figures.values()])),
        float(np.mean([f.auroc for f in figures.values()])),
    )


def macro_average_precision(figures: dict[str, UnitFigures]) -> float:
    """Mean average precision over the units (there must be one)."""
    return float(np.mean([f.average_precision for f in figures.values()]))


@dataclass(frozen=True)
class EmotionFigures:
    """plurality: accuracy against the most voted class, where it is one of those that count.

    agreed: the same where more than five raters chose it. recall: of each class. mcc: Matthews'
    correlation (Gorodkin 2004). kappa: Cohen's, unweighted. calibration: expected calibration
    error in ten bins of confidence, on pictures the temperature has not seen.
    """

    pictures: int
    plurality: float
    agreed_pictures: int
    agreed: float
    macro_f1: float
    recall: dict[str, float]
    confusion: list[list[int]]
    calibration: float
    mcc: float
    kappa: float


@dataclass(frozen=True, eq=False)
class Answered:
    """Pictures with a truth, and what was answered.

    probability: float32 [N, C]. truth: int64 [N] in 0..C-1. agreed: bool [N], whether more than
    five raters chose the truth. fresh: bool [N], whether the temperature has not seen them.
    """

    probability: Float32
    truth: Labels
    agreed: Bools
    fresh: Bools
    names: tuple[str, ...]

    @property
    def right(self) -> Bools:
        """Whether the most probable class is the true one: bool [N]."""
        return np.asarray(self.probability.argmax(axis=1) == self.truth)


def emotions(
    probability: Float32, votes: npt.NDArray[np.uint8], names: Sequence[str], calibrated_on: Bools
) -> EmotionFigures:
    """Figures of each emotion and of all.

    probability: float32 [N, 8]. votes: uint8 [N, 10] of FER+ (unknown and no-face last).
    calibrated_on: bool [N], the pictures on which the temperature was fitted.
    """
    return figures(answered_emotions(probability, votes, names, calibrated_on))


def answered_emotions(
    probability: Float32, votes: npt.NDArray[np.uint8], names: Sequence[str], calibrated_on: Bools
) -> Answered:
    """The pictures whose most voted answer is one of the emotions (arguments as of `emotions`)."""
    truth = votes.argmax(axis=1)
    named = truth < len(names)
    agreed = votes[:, : len(names)].max(axis=1) > AGREED
    return Answered(probability[named], truth[named], agreed[named], ~calibrated_on[named], tuple(names))


def answered_attitudes(
    probability: Float32, votes: npt.NDArray[np.uint8], names: Sequence[str], calibrated_on: Bools
) -> Answered:
    """The same pictures by attitude: probabilities and votes of the emotions that belong to each are summed.

    Pictures whose most voted emotion is surprise are left out: it has no valence of its own, and to
    call it neutral would mislead. Where two attitudes have as many votes, the first of ATTITUDES counts.
    """
    most = votes.argmax(axis=1)
    kept = (most < len(names)) & (most != list(names).index("surprise"))
    belongs = np.array([[ATTITUDE_OF[name] == a for a in ATTITUDES] for name in names], dtype=np.float32)
    summed = votes[kept, : len(names)].astype(np.float32) @ belongs
    return Answered(
        np.asarray(probability[kept] @ belongs, dtype=np.float32),
        summed.argmax(axis=1),
        summed.max(axis=1) > AGREED,
        ~calibrated_on[kept],
        ATTITUDES,
    )


def figures(answered: Answered) -> EmotionFigures:
    """Figures of each class and of all."""
    truth, right = answered.truth, answered.right
    labels = list(range(len(answered.names)))
    matrix = metrics.confusion_matrix(truth, answered.probability.argmax(axis=1), labels=labels)
    scores = of_confusion(matrix.astype(np.float64))
    recall = np.diag(matrix) / np.maximum(matrix.sum(axis=1), 1)
    confidence = answered.probability.max(axis=1)
    return EmotionFigures(
        len(truth),
        float(right.mean()),
        int(answered.agreed.sum()),
        float(right[answered.agreed].mean()) if answered.agreed.any() else float("nan"),
        float(scores["macro_f1"]),
        {name: float(r) for name, r in zip(answered.names, recall)},
        matrix.tolist(),
        calibration_error(confidence[answered.fresh], right[answered.fresh]),
        float(scores["mcc"]),
        float(scores["kappa"]),
    )


def of_confusion(matrix: Float64) -> dict[str, Float64]:
    """Accuracy, macro F1 over all classes, Matthews' correlation and Cohen's kappa of confusion matrices.

    matrix: float64 [..., C, C], truth by rows; counts. A class that is neither there nor answered has
    an F1 of 0, and a correlation or kappa without two classes is 0 (as scikit-learn has it for MCC).
    """
    total = matrix.sum(axis=(-2, -1))
    hits = np.trace(matrix, axis1=-2, axis2=-1)
    true, said = matrix.sum(axis=-1), matrix.sum(axis=-2)
    f1 = _divided(2 * np.diagonal(matrix, axis1=-2, axis2=-1), true + said).mean(axis=-1)
    by_chance = (true * said).sum(axis=-1)
    spread = np.sqrt((total**2 - (true**2).sum(axis=-1)) * (total**2 - (said**2).sum(axis=-1)))
    return {
        "accuracy": _divided(hits, total),
        "macro_f1": np.asarray(f1),
        "mcc": _divided(hits * total - by_chance, spread),
        "kappa": _divided(hits * total - by_chance, total**2 - by_chance),
    }


def _divided(above: Float64, below: Float64) -> Float64:
    """The quotient, 0 where it has none."""
    return np.asarray(np.divide(above, below, out=np.zeros(np.shape(below)), where=np.asarray(below) > 0))


@dataclass(frozen=True)
class Bin:
    """One bar of a reliability diagram: `count` answers with a confidence from `low` to `high`."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def reliability(confidence: Float32, right: Bools, bins: int = BINS) -> list[Bin]:
    """Confidence against accuracy in equally wide bins; bins without an answer are left out."""
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        Bin(
            b / bins,
            (b + 1) / bins,
            int((index == b).sum()),
            float(confidence[index == b].mean()),
            float(right[index == b].mean()),
        )
        for b in np.unique(index).tolist()
    ]


def calibration_error(confidence: Float32, right: Bools, bins: int = BINS) -> float:
    """Mean distance of confidence from accuracy over equally wide bins (Guo et al. 2017)."""
    return float(
        sum(
            b.count / len(right) * abs(b.confidence - b.accuracy)
            for b in reliability(confidence, right, bins)
        )
    )
