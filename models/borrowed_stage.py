"""The released second stage for a net with other units, where nobody has fitted one for it.

The stage reads log-odds of all of facecue's units. What a net does not read is put at what it is on
average for faces whose other units are as this net says: a linear regression, whose matrix goes into the
stage's first layer, so that the device runs the same small perceptron as ever.
Source: the conditional mean of a normal distribution (Bishop 2006, 2.3.1).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.emotions import LOGIT_LIMIT, EmotionStage
from edge.facs import EMOTIONS, UNIT_COLUMNS
from edge.model_folder import released

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

LENDER = "small-au"
STATISTICS = Path(__file__).with_name("unit_statistics.json")
"""Mean and covariance of the lender's log-odds on faces of FER+'s training set."""
RIDGE = 0.05
"""Added to the variances: two units that say nearly the same must not be played against each other."""


def borrow(units: tuple[str, ...]) -> tuple[dict[str, Float32], dict[str, Any]]:
    """Arrays of edge.emotions.EmotionStage for these units, and what the card says of them.

    units: some of UNIT_COLUMNS, in the net's order.
    """
    with np.load(released(LENDER) / "emotions.npz") as archive:
        names = [*EmotionStage.ARRAYS, *EmotionStage.OPTIONAL_ARRAYS]
        lent = {name: archive[name].astype(np.float64) for name in names if name in archive.files}
    mean, covariance = _statistics()
    known = [UNIT_COLUMNS.index(unit) for unit in units]
    spread, shift = _regression(mean, covariance, known)
    arrays = {
        "hidden_weight": lent["hidden_weight"] @ spread,
        "hidden_bias": lent["hidden_bias"] + lent["hidden_weight"] @ shift,
        "output_weight": lent["output_weight"],
        "output_bias": lent["output_bias"],
    }
    for name in EmotionStage.OPTIONAL_ARRAYS:
        if name in lent:
            arrays[name] = lent[name][known]
    missing = [unit for unit in UNIT_COLUMNS if unit not in units]
    said = {
        "lent_by": LENDER,
        "not_read": missing,
        "measured_with_this_net": False,
    }
    return {name: array.astype(np.float32) for name, array in arrays.items()}, said


def _regression(mean: Float64, covariance: Float64, known: list[int]) -> tuple[Float64, Float64]:
    """Matrix [K, k] and shift [K] that give all units from the known ones; those themselves unchanged."""
    among = covariance[np.ix_(known, known)] + RIDGE * np.diag(np.diag(covariance)[known])
    matrix = np.asarray(np.linalg.solve(among, covariance[known]).T, dtype=np.float64)
    matrix[known] = np.eye(len(known))
    return matrix, mean - matrix @ mean[known]


def _statistics() -> tuple[Float64, Float64]:
    table = json.loads(STATISTICS.read_text(encoding="utf-8"))
    if table["units"] != list(UNIT_COLUMNS):
        raise ValueError(f"{STATISTICS} is of other units: write it again with models.borrowed_stage.write")
    return np.array(table["mean"]), np.array(table["covariance"])


def write(logits: Float32, path: Path = STATISTICS) -> None:
    """Keep the statistics of a net's answers: float32 [N, K] log-odds in the order of UNIT_COLUMNS."""
    clipped = np.clip(logits.astype(np.float64), -LOGIT_LIMIT, LOGIT_LIMIT)
    table = {
        "units": list(UNIT_COLUMNS),
        "lender": LENDER,
        "emotions": list(EMOTIONS),
        "mean": np.round(clipped.mean(axis=0), 4).tolist(),
        "covariance": np.round(np.cov(clipped.T), 4).tolist(),
    }
    path.write_text(json.dumps(table) + "\n", encoding="utf-8")
