"""How rare classes are lifted: weights of a loss, and chances of being drawn, both capped."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]


def class_weights(distribution: Float32, cap: float, power: float = 0.5) -> Float32:
    """Weight of each class: how much rarer it is than the commonest, to a power, at most `cap`.

    distribution: float32 [N, C], rows that sum to 1, NaN rows left out. power: 0 lifts nothing, 1 makes all
    equally frequent. Returns float32 [C], the commonest class 1.
    """
    known = np.isfinite(distribution).all(axis=1)
    share = distribution[known].mean(axis=0)
    rarer = share.max() / np.maximum(share, 1e-6)
    return np.asarray(np.clip(np.power(rarer, power), 1.0, cap), dtype=np.float32)


def drawing_weights(distribution: Float32, cap: float, power: float = 0.5) -> Float32:
    """Relative chance of each row to be drawn: float32 [N] with mean 1; NaN rows weigh as an average class.

    A row that is drawn more often is degraded differently each time (models.data.augment).
    """
    known = np.isfinite(distribution).all(axis=1)
    if not known.any():
        return np.ones(len(distribution), dtype=np.float32)
    weight = np.ones(len(distribution), dtype=np.float32)
    weight[known] = distribution[known] @ class_weights(distribution, cap, power)
    return np.asarray(weight / weight.mean(), dtype=np.float32)
