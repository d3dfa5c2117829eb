"""Soft action units for pictures nobody coded, from MediaPipe's 52 blendshapes.

A logistic regression per unit is fitted on FACS-coded people; units too rare there to be fitted
are read from the blendshape that moves the same muscle. What is fed in is the logit of each
blendshape minus the mean of the set's own neutral faces: resting faces differ between a
laboratory and the street far more than movements do, and without this every fourth neutral face
of FER+ shows AU01.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.facs import SIDED_UNITS, UNIT_COLUMNS

Float = npt.NDArray[np.float64]

RIDGE = 20.0
"""L2 penalty of the fit, chosen by cross-validation on the training people alone."""
MINIMUM_POSITIVES = 10
"""With fewer coded peaks than this a fit would be noise."""
PROXIES: dict[str, tuple[str, ...]] = {
    "AU10": ("mouthUpperUpLeft", "mouthUpperUpRight"),
    "AU18": ("mouthPucker",),
    "AU22": ("mouthFunnel",),
    "AU26": ("jawOpen",),
    "AU28": ("mouthRollLower", "mouthRollUpper"),
    "AU45": ("eyeBlinkLeft", "eyeBlinkRight"),
}
"""Units read from blendshapes directly. Source: the muscles named by ARKit's documentation."""
PROXY_DECISION = 0.35
"""Blendshape value taken as "the unit is there" (probability 0.5)."""


def logit(p: npt.NDArray[np.floating]) -> Float:
    """Log-odds, with p clipped to 1e-3..1-1e-3 (half precision holds no more)."""
    q = np.clip(p.astype(np.float64), 1e-3, 1 - 1e-3)
    return np.asarray(np.log(q / (1 - q)))


def sigmoid(z: Float) -> Float:
    """The inverse of logit."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(z, -30, 30))))


def one_side(names: tuple[str, ...], side: str) -> list[int]:
    """Columns of a face whose one half ("L" or "R": the person's own) stands on both sides.

    Nobody coded sides; a unit's left form is what the fit says of the face whose right half is the
    mirrored left one.
    """
    this, other = ("Left", "Right") if side == "L" else ("Right", "Left")
    twins = [n.removesuffix(other) + this if n.endswith(other) else n for n in names]
    return [names.index(twin) if twin in names else i for i, twin in enumerate(twins)]


def mirrored(names: tuple[str, ...]) -> list[int]:
    """Columns of the mirrored face."""
    swap = {"Left": "Right", "Right": "Left"}
    twins = [next((n.removesuffix(a) + b for a, b in swap.items() if n.endswith(a)), n) for n in names]
    return [names.index(twin) if twin in names else i for i, twin in enumerate(twins)]


@dataclass(frozen=True, eq=False)
class Teacher:
    """A fitted map from blendshapes to action units.

    names: the blendshapes' names. weights: float64 [K, B]; bias: float64 [K]; fitted: which
    units come from the fit and not from a proxy.
    """

    names: tuple[str, ...]
    weights: Float
    bias: Float
    fitted: tuple[str, ...]

    def label(self, blendshapes: npt.NDArray[np.floating], neutral: Float) -> npt.NDArray[np.float32]:
        """Probabilities of every action unit.

        blendshapes: [N, B] in 0..1, NaN rows where no face was found. neutral: float64 [B], the
        mean logit of this set's neutral faces. Returns float32 [N, K], NaN where the input is.
        """
        known = np.isfinite(blendshapes).all(axis=1)
        z = logit(blendshapes[known]) - neutral
        out = np.full((len(blendshapes), len(UNIT_COLUMNS)), np.nan, dtype=np.float32)
        p = sigmoid(z @ self.weights.T + self.bias)
        for unit in SIDED_UNITS:
            whole = UNIT_COLUMNS.index(unit[:-1])
            if unit[:-1] not in self.fitted:
                p[:, UNIT_COLUMNS.index(unit)] = np.nan
                continue
            half = z[:, one_side(self.names, unit[-1])]
            p[:, UNIT_COLUMNS.index(unit)] = sigmoid(half @ self.weights[whole] + self.bias[whole])
        raw = blendshapes[known].astype(np.float64)
        for k, unit in enumerate(UNIT_COLUMNS):
            if unit not in self.fitted and unit in PROXIES:
                columns = [self.names.index(n) for n in PROXIES[unit]]
                value = raw[:, columns].mean(axis=1)
                p[:, k] = sigmoid(logit(value) - logit(np.array([PROXY_DECISION])))
            elif unit not in self.fitted and unit not in SIDED_UNITS:
                p[:, k] = np.nan  # nothing known is not a half-hearted yes
        out[known] = p
        return out


def fit(
    blendshapes: npt.NDArray[np.floating],
    action_units: npt.NDArray[np.floating],
    names: tuple[str, ...],
    neutral: Float,
) -> Teacher:
    """Fit one ridge logistic regression per unit by Newton's method.

    blendshapes: [N, B] in 0..1. action_units: [N, K] 0/1 codes, NaN where nobody coded.
    """
    x_all = logit(blendshapes) - neutral
    weights = np.zeros((len(UNIT_COLUMNS), x_all.shape[1]))
    bias = np.zeros(len(UNIT_COLUMNS))
    fitted = []
    for k, unit in enumerate(UNIT_COLUMNS):
        y_all = action_units[:, k]
        rows = np.isfinite(y_all) & np.isfinite(x_all).all(axis=1)
        x, y = x_all[rows], y_all[rows].astype(np.float64)
        if np.nansum(y) < MINIMUM_POSITIVES:
            continue
        weights[k], bias[k] = _newton(x, y)
        fitted.append(unit)
    return Teacher(names, weights, bias, tuple(fitted))


def _newton(x: Float, y: Float, steps: int = 25) -> tuple[Float, float]:
    x1 = np.hstack([x, np.ones((len(x), 1))])
    penalty = np.full(x1.shape[1], RIDGE)
    penalty[-1] = 0.0
    beta = np.zeros(x1.shape[1])
    for _ in range(steps):
        p = sigmoid(x1 @ beta)
        gradient = x1.T @ (p - y) + penalty * beta
        hessian = (x1 * (p * (1 - p))[:, None]).T @ x1 + np.diag(penalty + 1e-6)
        step = np.linalg.solve(hessian, gradient)
        beta -= step
        if np.abs(step).max() < 1e-6:
            break
    return beta[:-1], float(beta[-1])
