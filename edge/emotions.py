"""Second stage: emotions and attitude, from action units alone."""

from __future__ import annotations

import math
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

    hidden_weight float32 [H, K], hidden_bias [H], output_weight [E, H], output_bias [E].
    neutral_gain float32 [K] in 0..1 and neutral_average float32 [K], both or neither: how far a
    person's own resting face counts, unit by unit, and the log-odds of the average resting face.
    Raises ValueError if the shapes do not fit the names, or the gain is out of its range.
    """

    ARRAYS = ("hidden_weight", "hidden_bias", "output_weight", "output_bias")
    OPTIONAL_ARRAYS = ("neutral_gain", "neutral_average")
    """A stage without these reads every person as the average one."""

    def __init__(
        self,
        action_units: tuple[str, ...],
        emotions: tuple[str, ...],
        unsure_below: float,
        hidden_weight: npt.NDArray[np.generic],
        hidden_bias: npt.NDArray[np.generic],
        output_weight: npt.NDArray[np.generic],
        output_bias: npt.NDArray[np.generic],
        neutral_gain: npt.NDArray[np.generic] | None = None,
        neutral_average: npt.NDArray[np.generic] | None = None,
    ) -> None:
        hidden = hidden_weight.shape[0]
        wanted = {
            "hidden_weight": (hidden_weight, (hidden, len(action_units))),
            "hidden_bias": (hidden_bias, (hidden,)),
            "output_weight": (output_weight, (len(emotions), hidden)),
            "output_bias": (output_bias, (len(emotions),)),
        }
        if (neutral_gain is None) != (neutral_average is None):
            raise ValueError("neutral_gain and neutral_average must be there both or not at all")
        if neutral_gain is not None and neutral_average is not None:
            wanted["neutral_gain"] = (neutral_gain, (len(action_units),))
            wanted["neutral_average"] = (neutral_average, (len(action_units),))
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
        self._neutral_gain = None if neutral_gain is None else neutral_gain.astype(np.float32)
        self.neutral_average: Float32 | None = (
            None if neutral_average is None else neutral_average.astype(np.float32)
        )
        """float32 [K] log-odds of the average resting face; None where the stage reads no neutral."""
        gain = self._neutral_gain
        # Written so that "not a number" is refused.
        if gain is not None and not ((gain >= 0.0) & (gain <= 1.0)).all():
            raise ValueError("neutral_gain is not between 0 and 1")

    def probabilities(self, logits: Float32, neutral: Float32 | None = None) -> Float32:
        """float32 [..., K] action-unit log-odds -> float32 [..., E], summing to 1.

        neutral: float32 [K], the log-odds of this person's own resting face. What it differs by from
        the average resting face is taken off, shrunk by the gain: the stage reads
        logits - gain * (neutral - average), clipped. A person whose neutral is not known is the
        average person, so that nothing is taken off; nor is it by a stage without a gain.
        Source: subtraction of a person's own baseline, Baltrusaitis, Mahmoud & Robinson 2015.
        """
        if neutral is not None and self._neutral_gain is not None and self.neutral_average is not None:
            logits = logits - self._neutral_gain * (neutral - self.neutral_average)
        clipped = np.clip(logits, -LOGIT_LIMIT, LOGIT_LIMIT)
        hidden = np.maximum(clipped @ self._hidden_weight.T + self._hidden_bias, 0.0)
        scores = hidden @ self._output_weight.T + self._output_bias
        powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=-1, keepdims=True), dtype=np.float32)

    def read(self, units: ActionUnits, neutral: Float32 | None = None) -> tuple[Emotion, Attitude]:
        """The emotion and the attitude that a face with these units looks like.

        neutral: as in `probabilities`.
        """
        p = np.array([units.scores[name] for name in self.action_units], dtype=np.float32)
        found = self.probabilities(log_odds(p, limit=math.inf), neutral)
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


def log_odds(probability: Float32, limit: float = LOGIT_LIMIT) -> Float32:
    """The inverse of `probability`, clipped to -limit..limit."""
    p = np.clip(probability.astype(np.float64), 1e-9, 1 - 1e-9)
    return np.asarray(np.clip(np.log(p / (1 - p)), -limit, limit), dtype=np.float32)


def probability(logits: Float32) -> Float32:
    """Log-odds -> probability in 0..1."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -30.0, 30.0))), dtype=np.float32)
