"""What a person's own resting face is worth to the second stage."""

from __future__ import annotations

from typing import Any

import numpy as np

from edge.emotions import EmotionStage, log_odds, probability
from edge.neutral import bounded
from models import metrics
from models.data.ckplus import PROTOCOL
from models.evaluation.answers import Answers
from models.evaluation.truth import UNKNOWN, Coded
from models.metrics import Float32


def neutral_gain(
    stage: EmotionStage, coded: Coded, answers: Answers, names: tuple[str, ...]
) -> dict[str, Any] | None:
    """CK+'s peaks read with each person's onsets as the neutral, and without; None if the stage takes none.

    The neutral is the median of a person's onset frames, bounded as on the device; people without an
    onset are left out, and so are the onsets themselves, which would be compared with themselves.
    Emotions: the labels of CK+ were derived from the codes, so this is circular: it tells whether the
    neutral helps, not how good the emotions are. Units: log-odds minus the whole difference from the
    average resting face, at 0.5; the device's units are not changed, only the second stage reads the neutral.
    """
    average = stage.neutral_average
    if average is None:
        return None
    logits = log_odds(answers.units)
    own = _neutrals(logits, coded, average)
    rows = np.flatnonzero(coded.peak & [subject in own for subject in coded.subjects])
    if not len(rows):
        return None
    neutrals = np.stack([own[subject] for subject in coded.subjects[rows]])
    with_own = np.stack([stage.probabilities(x, n) for x, n in zip(logits[rows], neutrals)])
    without = stage.probabilities(logits[rows])
    named = coded.emotions[rows] != UNKNOWN
    truth = coded.emotions[rows][named]
    return {
        "people": len(own),
        "peaks": len(rows),
        "named_peaks": int(named.sum()),
        "emotions_without": _accuracy(without[named], truth),
        "emotions_with": _accuracy(with_own[named], truth),
        "units_without": _macro_f1(logits[rows], coded.codes[rows], names),
        "units_with": _macro_f1(logits[rows] - (neutrals - average), coded.codes[rows], names),
    }


def _neutrals(logits: Float32, coded: Coded, average: Float32) -> dict[str, Float32]:
    """Each person's resting log-odds, float32 [K] by subject."""
    onset = ~coded.peak
    return {
        str(subject): bounded(np.median(logits[onset & (coded.subjects == subject)], axis=0), average)
        for subject in np.unique(coded.subjects[onset])
    }


def _accuracy(emotions: Float32, truth: metrics.Labels) -> float:
    return float((emotions.argmax(axis=1) == truth).mean()) if len(truth) else float("nan")


def _macro_f1(logits: Float32, codes: Float32, names: tuple[str, ...]) -> float:
    return metrics.macro(metrics.action_units(probability(logits), codes, names, PROTOCOL))[0]
