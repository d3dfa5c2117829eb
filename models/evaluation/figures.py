"""Every figure of one model on the two sets, as a table that JSON can hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from edge.facs import EMOTIONS
from models import metrics
from models.data.ckplus import PROTOCOL
from models.evaluation import bootstrap
from models.evaluation.answers import Answers
from models.evaluation.truth import UNKNOWN, Coded, Wild
from models.metrics import Answered, UnitFigures


def of_wild(wild: Wild, answers: Answers, names: tuple[str, ...], unsure_below: float) -> dict[str, Any]:
    """FER+: emotions, and attitude as the sum of those that belong to it."""
    votes, seen = wild.votes, wild.calibrated_on
    emotions = metrics.answered_emotions(answers.emotions, votes, names, seen)
    attitudes = metrics.answered_attitudes(answers.emotions, votes, names, seen)
    return {**_classes(emotions, unsure_below), "attitude": _classes(attitudes, unsure_below)}


def of_coded(coded: Coded, answers: Answers, names: tuple[str, ...]) -> dict[str, Any]:
    """CK+: units with the neutral onsets, on peaks alone, and (circular) the emotions of the peaks."""
    weights = bootstrap.draw_people(coded.subjects)
    with_onsets = metrics.action_units(answers.units, coded.codes, names, PROTOCOL)
    f1, auroc = metrics.macro(with_onsets)
    peak = coded.peak
    alone = metrics.action_units(answers.units[peak], coded.codes[peak], names, PROTOCOL)
    peaks_f1, peaks_auroc = metrics.macro(alone)
    drawn = bootstrap.action_units(answers.units, coded.codes, names, list(with_onsets), weights)
    drawn_alone = bootstrap.action_units(
        answers.units[peak], coded.codes[peak], names, list(alone), weights[:, peak]
    )
    return {
        "people": len(set(coded.subjects)),
        "pictures": len(coded.keys),
        "peaks": int(peak.sum()),
        "macro_f1": f1,
        "macro_auroc": auroc,
        "macro_average_precision": metrics.macro_average_precision(with_onsets),
        "intervals": _macro_intervals(drawn),
        "peaks_only_macro_f1": peaks_f1,
        "peaks_only_macro_auroc": peaks_auroc,
        "peaks_only_macro_average_precision": metrics.macro_average_precision(alone),
        "peaks_only_intervals": _macro_intervals(drawn_alone),
        "units": _units(with_onsets, drawn),
        "peaks_only_units": _units(alone, drawn_alone),
        "unit_reliability": _reliability(answers, coded, names, list(with_onsets)),
        "emotions": of_named(coded, answers.emotions),
    }


def of_named(coded: Coded, emotions: metrics.Float32) -> dict[str, Any]:
    """Accuracy on the peaks and onsets to which CK+ gives an emotion. Circular for nets that read units."""
    rows = coded.emotions != UNKNOWN
    said, truth = emotions[rows].argmax(axis=1), coded.emotions[rows]
    peak = coded.peak[rows]
    right = said == truth
    return {
        "pictures": int(rows.sum()),
        "accuracy": float(right.mean()) if rows.any() else math.nan,
        "peaks": int(peak.sum()),
        "peaks_accuracy": float(right[peak].mean()) if peak.any() else math.nan,
        "recall": {
            name: float(right[truth == k].mean()) for k, name in enumerate(EMOTIONS) if (truth == k).any()
        },
    }


def not_held_out(provenance: Mapping[str, Any], folds: list[int]) -> list[int]:
    """Those folds whose people this net knows, as far as its card tells."""
    held_out = held_out_folds(provenance)
    return [] if held_out is None else [f for f in folds if f not in held_out]


def held_out_folds(provenance: Mapping[str, Any]) -> list[int] | None:
    """The folds of CK+ that the recipe on the card kept for testing; None if the card does not say."""
    found = provenance.get("recipe", {}).get("data", {}).get("test_folds")
    return None if found is None else [int(fold) for fold in found]


def _classes(answered: Answered, unsure_below: float) -> dict[str, Any]:
    confidence = answered.probability.max(axis=1)
    fresh, sure = answered.fresh, confidence >= unsure_below
    return {
        **asdict(metrics.figures(answered)),
        "names": list(answered.names),
        "intervals": bootstrap.classes(answered),
        "reliability": [asdict(b) for b in metrics.reliability(confidence[fresh], answered.right[fresh])],
        "calibration_pictures": int(fresh.sum()),
        "said": float(sure.mean()),
        "said_right": float(answered.right[sure].mean()) if sure.any() else math.nan,
        "unsure_below": unsure_below,
    }


def _macro_intervals(drawn: bootstrap.Resampled) -> dict[str, bootstrap.Interval]:
    return {f: bootstrap.interval(drawn.macro(f)) for f in ("f1", "auroc", "average_precision")}


def _units(found: dict[str, UnitFigures], drawn: bootstrap.Resampled) -> dict[str, Any]:
    return {
        unit: {
            **asdict(figures),
            "intervals": {
                name: bootstrap.interval(getattr(drawn, name)[unit])
                for name in ("f1", "auroc", "average_precision")
            },
        }
        for unit, figures in found.items()
    }


def _reliability(
    answers: Answers, coded: Coded, names: tuple[str, ...], units: list[str]
) -> list[dict[str, Any]]:
    """All units in one diagram: one alone has too few positives for ten bins."""
    rows = [metrics.coded_rows(answers.units, coded.codes, names.index(unit)) for unit in units]
    truth = np.concatenate([row[0] for row in rows])
    probability = np.concatenate([row[1] for row in rows])
    return [asdict(b) for b in metrics.reliability(probability, truth)]
