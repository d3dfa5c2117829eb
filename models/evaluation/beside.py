"""Peers that a package registry carries, on the same pictures and by the same figures."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from edge.facs import EMOTIONS
from models import metrics
from models.evaluation import figures
from models.evaluation.truth import Coded, Wild
from models.metrics import Float32

log = logging.getLogger(__name__)

Predict = Callable[[str, list[Any], Path], Float32]
"""Name of the peer, pictures, cache -> float32 [N, 8] in the order of edge.facs.EMOTIONS."""


def evaluate(
    ours: tuple[str, Float32, Float32], wild: Wild, coded: Coded, cache: Path
) -> tuple[list[dict[str, Any]], list[str]]:
    """A row for the model and for each peer; and a sentence for each peer that is not there.

    ours: the model's name, its emotions on FER+ float32 [N, 8] and on CK+.
    """
    known = _known_everywhere()
    rows = [row(ours[0], ours[1], ours[2], wild, coded, known)]
    try:
        from models import peers
    except ImportError as error:
        return rows, [f"the peers are left out: models.peers cannot be imported ({error})"]
    skipped = []
    for name in peers.NAMES:
        try:
            on_wild = peers.predictions(name, wild.images, cache)
            on_coded = peers.predictions(name, coded.images, cache)
        except (ImportError, OSError, RuntimeError, ValueError) as error:
            # One peer that is not installed must not cost the others their rows.
            skipped.append(f"{name} is left out: {error}")
            continue
        rows.append(row(name, on_wild, on_coded, wild, coded, known))
    return rows, skipped


def row(
    name: str, on_wild: Float32, on_coded: Float32, wild: Wild, coded: Coded, known: list[bool]
) -> dict[str, Any]:
    """Figures over all eight emotions, and over those of `known` alone (truth and answer among them)."""
    whole = np.nan_to_num(on_wild, nan=0.0)
    answered = metrics.answered_emotions(whole, wild.votes, EMOTIONS, np.zeros(len(whole), dtype=bool))
    found = metrics.figures(answered)
    attitudes = metrics.figures(
        metrics.answered_attitudes(whole, wild.votes, EMOTIONS, np.zeros(len(whole), dtype=bool))
    )
    fewer = np.where(known, answered.probability, -1.0).argmax(axis=1) == answered.truth
    among = np.array(known)[answered.truth]
    agreed = among & answered.agreed
    coded_emotions = np.where(known, np.nan_to_num(on_coded, nan=0.0), -1.0)
    return {
        "name": name,
        "plurality": found.plurality,
        "agreed": found.agreed,
        "macro_f1": found.macro_f1,
        "attitude": attitudes.plurality,
        "seven_plurality": float(fewer[among].mean()) if among.any() else math.nan,
        "seven_agreed": float(fewer[agreed].mean()) if agreed.any() else math.nan,
        "ckplus": figures.of_named(coded, np.nan_to_num(on_coded, nan=0.0))["accuracy"],
        "ckplus_seven_peaks": _peaks(coded, coded_emotions, known),
    }


def _peaks(coded: Coded, emotions: Float32, known: list[bool]) -> float:
    rows = coded.peak & (coded.emotions >= 0)
    rows[rows] &= np.array(known)[coded.emotions[rows]]
    return float((emotions[rows].argmax(axis=1) == coded.emotions[rows]).mean()) if rows.any() else math.nan


def _known_everywhere() -> list[bool]:
    """The seven emotions that every peer names: FER2013's, which has no contempt."""
    return [name != "contempt" for name in EMOTIONS]
