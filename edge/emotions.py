"""Second stage: emotions and attitude, from action units alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from edge.facs import ATTITUDE_OF, ATTITUDES
from edge.types import UNSURE, ActionUnits, Attitude, Emotion

Float32 = npt.NDArray[np.float32]

LOGIT_LIMIT = 6.0
"""Log-odds of a unit beyond this carry no further evidence (probability 0.0025 / 0.9975)."""


class EmotionStage:
    """A perceptron of one hidden layer on the units' log-odds, in numpy: no device is needed.

    hidden_weight float32 [H, K], hidden_bias [H], output_weight [E, H], output_bias [E]. Raises
    ValueError if the shapes do not fit the names.
    """

    ARRAYS = ("hidden_weight", "hidden_bias", "output_weight", "output_bias")

    def __init__(
        self,
        action_units: tuple[str, ...],
        emotions: tuple[str, ...],
        unsure_below: float,
        hidden_weight: npt.NDArray[np.generic],
        hidden_bias: npt.NDArray[np.generic],
        output_weight: npt.NDArray[np.generic],
        output_bias: npt.NDArray[np.generic],
    ) -> None:
        hidden = hidden_weight.shape[0]
        wanted = {
            "hidden_weight": (hidden_weight, (hidden, len(action_units))),
            "hidden_bias": (hidden_bias, (hidden,)),
            "output_weight": (output_weight, (len(emotions), hidden)),
            "output_bias": (output_bias, (len(emotions),)),
        }
        for name, (array, shape) in wanted.items():
            if array.shape != shape:
                raise ValueError(f"{name} has the shape {array.shape}, not {shape}")
        self.action_units = action_units
        self.emotions = emotions
        self._unsure_below = unsure_below
        self._hidden_weight = hidden_weight.astype(np.float32)
        self._hidden_bias = hidden_bias.astype(np.float32)
        self._output_weight = output_weight.astype(np.float32)
        self._output_bias = output_bias.astype(np.float32)

    def probabilities(self, logits: Float32) -> Float32:
        """float32 [..., K] action-unit log-odds -> float32 [..., E], summing to 1."""
        clipped = np.clip(logits, -LOGIT_LIMIT, LOGIT_LIMIT)
        hidden = np.maximum(clipped @ self._hidden_weight.T + self._hidden_bias, 0.0)
        scores = hidden @ self._output_weight.T + self._output_bias
        powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=-1, keepdims=True), dtype=np.float32)

    def read(self, units: ActionUnits) -> tuple[Emotion, Attitude]:
        """The emotion and the attitude that a face with these units looks like."""
        p = np.array([units.scores[name] for name in self.action_units], dtype=np.float32)
        found = self.probabilities(log_odds(p))
        emotions = {name: float(v) for name, v in zip(self.emotions, found)}
        attitudes = attitudes_of(emotions)
        emotion = Emotion(*self._decide(emotions), probabilities=emotions)
        name, confidence = self._decide(attitudes)
        if name == "neutral" and emotion.name == "surprise":
            name = UNSURE  # neither positive nor negative, but to call it neutral would mislead
        return emotion, Attitude(name, confidence, probabilities=attitudes)

    def _decide(self, probabilities: Mapping[str, float]) -> tuple[str, float]:
        name = max(probabilities, key=lambda n: probabilities[n])
        confidence = probabilities[name]
        return (name if confidence >= self._unsure_below else UNSURE), confidence


def attitudes_of(emotions: Mapping[str, float]) -> dict[str, float]:
    """Probabilities of positive, neutral and negative: sums of the emotions' that belong to each."""
    out = dict.fromkeys(ATTITUDES, 0.0)
    for name, value in emotions.items():
        out[ATTITUDE_OF[name]] += value
    return out


def log_odds(probability: Float32) -> Float32:
    """The inverse of `probability`, clipped to LOGIT_LIMIT."""
    p = np.clip(probability.astype(np.float64), 1e-9, 1 - 1e-9)
    return np.asarray(np.clip(np.log(p / (1 - p)), -LOGIT_LIMIT, LOGIT_LIMIT), dtype=np.float32)


def probability(logits: Float32) -> Float32:
    """Log-odds -> probability in 0..1."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -30.0, 30.0))), dtype=np.float32)
