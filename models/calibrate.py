"""Thresholds and temperature, fitted on people and pictures on which nothing is reported.

Units: each one's log-odds are shifted so that 0.5 is the best decision, on coded people of the
laboratory (the calibration folds of CK+) and on faces of the street (the calibration half of
FER+'s validation split, with the teacher's decisions) alike. Emotions: one temperature. Neither
changes which emotion is the most probable.
"""

from __future__ import annotations

import zlib

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

Float32 = npt.NDArray[np.float32]

GRID = np.linspace(-4.0, 2.0, 61)
PRIOR_LOGIT = -0.6
"""Where the threshold lies if the data say nothing: F1 is best below a probability of 0.5."""
PRIOR_WEIGHT = 0.03
"""F1 given up per squared unit of log-odds away from the prior."""
MINIMUM_POSITIVES = 5
SMOOTHING = 2.0
"""Pseudo counts in F1: with three positives the raw one jumps."""


def calibration_half(count: int) -> npt.NDArray[np.bool_]:
    """Which rows of a set are for calibrating; the other half is for reporting. Fixed for ever."""
    return np.array([zlib.crc32(str(i).encode()) % 2 == 0 for i in range(count)])


def thresholds(coded: tuple[Float32, Float32], wild: tuple[Float32, Float32]) -> Float32:
    """Log-odds at which each unit is decided: float32 [K].

    coded, wild: (log-odds [N, K], targets [N, K] in 0..1, NaN where unknown).
    """
    count = coded[0].shape[1]
    out = np.zeros(count, dtype=np.float32)
    for k in range(count):
        scores = -PRIOR_WEIGHT * (GRID - PRIOR_LOGIT) ** 2
        for logits, targets in (coded, wild):
            known = np.isfinite(targets[:, k])
            truth = targets[known, k] > 0.5
            if truth.sum() >= MINIMUM_POSITIVES:
                scores = scores + 0.5 * _f1(logits[known, k], truth)
            elif known.any():
                # Too rare to be found, but it can still be seen too often.
                false = (logits[known, k][~truth, None] >= GRID[None, :]).mean(axis=0)
                scores = scores - 0.5 * false
        out[k] = GRID[int(scores.argmax())]
    return out


def temperature(scores: Float32, votes: Float32) -> float:
    """What to divide the emotions' scores by for the least cross-entropy with the votes.

    scores: float32 [N, E]. votes: float32 [N, E] distributions.
    """

    def cost(log_t: float) -> float:
        z = scores / np.exp(log_t)
        z = z - z.max(axis=1, keepdims=True)
        log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        return float(-(votes * log_p).sum(axis=1).mean())

    found = minimize_scalar(cost, bounds=(-1.5, 1.5), method="bounded")
    return float(np.exp(found.x))


def _f1(logits: Float32, truth: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    said = logits[:, None] >= GRID[None, :]
    hit = (said & truth[:, None]).sum(axis=0)
    wrong = said.sum(axis=0) + truth.sum() - 2 * hit
    return np.asarray(2 * hit / (2 * hit + wrong + SMOOTHING))
