"""Peers that a package registry carries, on the same pictures and by the same figures."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import f1_score
from tqdm import tqdm

from edge.errors import FacecueError
from edge.facs import EMOTIONS
from models import metrics
from models.data.ckplus import PROTOCOL
from models.evaluation.truth import UNKNOWN, Coded, Wild
from models.metrics import Answered, Bools, Float32, Labels

SEVEN = np.array([name != "contempt" for name in EMOTIONS])
"""The emotions that every peer names: those of FER2013, which has no contempt."""
NO_ANSWER = -1


def evaluate(
    ours: dict[str, Any], wild: Wild, coded: Coded, data: Path, cache: Path
) -> tuple[list[dict[str, Any]], list[str]]:
    """The model's row and one for each peer; and a sentence for each peer that is not there.

    ours: the model's row, of `row`. data: folder of the data sets, from which some peers learn.
    cache: folder in which peers keep their answers.
    """
    try:
        from models import peers
    except ImportError as error:
        return [ours], [f"the peers are left out: models.peers cannot be imported ({error})"]
    rows, skipped = [ours], []
    for name in tqdm(peers.NAMES, desc="peers", unit=" peers"):
        try:
            on_wild, on_coded = (
                peers.predictions(name, each.images, cache, data=data, blendshapes=each.blendshapes)
                for each in (wild, coded)
            )
        except (FacecueError, ImportError, OSError) as error:
            # One peer that cannot be installed must not cost the others their rows.
            skipped.append(f"{name} is left out: {error}")
            continue
        rows.append(row(name, on_wild, on_coded, wild, coded))
    for name in peers.UNIT_NAMES:
        try:
            found = peers.unit_predictions(
                name, coded.images, cache, data=data, blendshapes=coded.blendshapes
            )
        except (FacecueError, ImportError, OSError) as error:
            skipped.append(f"{name} is left out: {error}")
            continue
        rows.append({"name": name, **units_of(found, coded)})
    return rows, skipped


def row(name: str, on_wild: Float32, on_coded: Float32, wild: Wild, coded: Coded) -> dict[str, Any]:
    """Figures over all eight emotions, and over seven (truth and answer among them).

    on_wild, on_coded: float32 [N, 8] in the order of edge.facs.EMOTIONS; 0 for a class the peer
    does not know, NaN where it gave no answer. No answer counts as wrong.
    """
    whole = np.nan_to_num(on_wild, nan=0.0)
    fresh = np.zeros(len(whole), dtype=bool)
    emotions = metrics.answered_emotions(whole, wild.votes, EMOTIONS, fresh)
    attitudes = metrics.answered_attitudes(whole, wild.votes, EMOTIONS, fresh)
    said = _answer(whole)
    right, seven = said == emotions.truth, _answer(whole * SEVEN) == emotions.truth
    among = SEVEN[emotions.truth]
    peaks = coded.peak & (coded.emotions != UNKNOWN)
    peaks[peaks] &= SEVEN[coded.emotions[peaks]]
    on_peaks = _answer(np.nan_to_num(on_coded[peaks], nan=0.0) * SEVEN) == coded.emotions[peaks]
    return {
        "name": name,
        "answered": float((said != NO_ANSWER).mean()),
        "plurality": float(right.mean()),
        "agreed": _share(right[emotions.agreed]),
        "macro_f1": _macro_f1(emotions, said),
        "seven_plurality": _share(seven[among]),
        "seven_agreed": _share(seven[among & emotions.agreed]),
        "attitude": _share(_answer(attitudes.probability) == attitudes.truth),
        "ckplus_seven_peaks": _share(on_peaks),
    }


def units_of(found: dict[str, Float32], coded: Coded) -> dict[str, Any]:
    """Macro F1 and AUROC of a peer that names units, where it gave an answer.

    found: float32 [N] in 0..1 by unit, NaN where it gave none.
    """
    names = [unit for unit in PROTOCOL if unit in found]
    probability = np.stack([found[unit] for unit in names], axis=1)
    answered = np.isfinite(probability).all(axis=1)
    codes = coded.codes[:, [coded.units.index(unit) for unit in names]]
    f1, auroc = metrics.macro(metrics.action_units(probability[answered], codes[answered], names, PROTOCOL))
    return {"units_answered": float(answered.mean()), "units_macro_f1": f1, "units_macro_auroc": auroc}


def _answer(probability: Float32) -> Labels:
    """The most probable class, NO_ANSWER where there is no probability at all: int64 [N]."""
    return np.where(probability.sum(axis=1) > 0, probability.argmax(axis=1), NO_ANSWER)


def _macro_f1(answered: Answered, said: Labels) -> float:
    labels = list(range(len(answered.names)))
    return float(f1_score(answered.truth, said, labels=labels, average="macro", zero_division=0.0))


def _share(right: Bools) -> float:
    return float(right.mean()) if len(right) else math.nan
