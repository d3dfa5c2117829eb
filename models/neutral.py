"""How far a person's resting face may be trusted to differ from the average one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]


def reliability(logits: Float32, subjects: npt.NDArray[np.str_]) -> Float32:
    """Share of the differences between resting faces that belongs to the person: float32 [K] in 0..1.

    logits: float32 [N, K] of neutral frames, several of each person. The rest is what the same person's
    neutral frames differ by. Method: intraclass correlation ICC(1) (Shrout & Fleiss 1979).
    """
    people = [logits[subjects == s].astype(np.float64) for s in np.unique(subjects)]
    people = [rows for rows in people if len(rows) > 1]
    if len(people) < 2:
        return np.zeros(logits.shape[1], dtype=np.float32)
    counts = np.array([len(rows) for rows in people])
    grand = np.concatenate(people).mean(axis=0)
    between = sum(len(r) * (r.mean(axis=0) - grand) ** 2 for r in people) / (len(people) - 1)
    within = sum(((r - r.mean(axis=0)) ** 2).sum(axis=0) for r in people) / (counts.sum() - len(people))
    typical = (counts.sum() - (counts**2).sum() / counts.sum()) / (len(people) - 1)
    own = np.maximum(between - within, 0.0) / typical
    return np.asarray(np.clip(own / np.maximum(own + within, 1e-9), 0.0, 1.0), dtype=np.float32)
