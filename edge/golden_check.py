"""Comparing a device with the answers that torch gave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from edge import preprocess
from edge.backends.base import Backend
from edge.card import Tolerance
from edge.emotions import EmotionStage, probability
from edge.errors import BackendError
from edge.facs import ACTION_UNITS, SIDED_UNITS
from edge.model_folder import Golden, ModelFolder

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Measured:
    """How far answers stray from torch's on the golden crops; the fields of edge.card.Tolerance.

    probability_mean: the mean difference of a probability, beside the largest.
    """

    probability: float
    probability_mean: float
    flipped_share: float
    emotion_share: float


def measure(logits: Float32, golden: Golden, stage: EmotionStage) -> Measured:
    """logits: float32 [N, K], the answers to the golden crops."""
    ours, theirs = probability(logits), probability(golden.logits)
    emotions = stage.probabilities(logits)
    return Measured(
        float(np.abs(ours - theirs).max()),
        float(np.abs(ours - theirs).mean()),
        float(((ours >= 0.5) != (theirs >= 0.5)).mean()),
        float((emotions.argmax(axis=1) != golden.emotions.argmax(axis=1)).mean()),
    )


@dataclass(frozen=True)
class Difference:
    """An action unit or emotion that a device answers otherwise than torch.

    name: "AU12", or an emotion. words: the same for the ear. largest: the largest difference of its
    probability, 0..1; not a number where an answer is none. changed: golden crops of another decision.
    """

    name: str
    words: str
    largest: float
    changed: int


@dataclass(frozen=True)
class GoldenResult:
    """Differences between a device and torch; the figures are those of edge.card.Tolerance.

    differing: what strays too far, worst first. answered: device -> golden crops it answered.
    meant: how the name of the device that should have answered begins ("MYRIAD"); "" is any.
    """

    crops: int
    probability: float
    flipped_share: float
    emotion_share: float
    allowed: Tolerance
    differing: tuple[Difference, ...] = ()
    answered: Mapping[str, int] = field(default_factory=dict)
    meant: str = ""

    @property
    def passed(self) -> bool:
        """Right answers, all from the device that was meant."""
        return self.answers_right and self.device_right

    @property
    def answers_right(self) -> bool:
        """Whether every figure is within what the card allows."""
        # Written so that "not a number" fails.
        return (
            self.probability <= self.allowed.probability
            and self.flipped_share <= self.allowed.flipped_share
            and self.emotion_share <= self.allowed.emotion_share
        )

    @property
    def device_right(self) -> bool:
        """Whether no other device than the one that was meant has answered."""
        return all(name.startswith(self.meant) for name in self.answered)

    def on(self, device: str) -> bool:
        """Whether any answer came from a device whose name begins so."""
        return any(name.startswith(device) for name in self.answered)

    @property
    def numbers(self) -> bool:
        """Whether every answer was a number."""
        return bool(np.isfinite(self.probability))

    @property
    def words(self) -> str:
        """The outcome in words that can be spoken."""
        if self.passed:
            return "self check passed"
        if self.answers_right:
            return "self check failed: another device answered than the one that was meant"
        return "self check failed: this device answers wrongly"


def check(folder: ModelFolder, device: Backend, meant: str = "") -> GoldenResult:
    """Run every golden face on the device. Raises BackendError or ModelError.

    meant: how the name of the device that is to answer begins, "" for any.
    """
    golden = folder.golden()
    inputs = [preprocess.net_input(crop, folder.card.image_size)[None] for crop in golden.crops]
    answered: Counter[str] = Counter()
    rows = []
    for image in inputs:
        answer = device.infer(image)
        if answer.shape != (1, len(folder.card.action_units)):
            raise BackendError(
                f"{device.device} answered with {answer.size} values where the net has "
                f"{len(folder.card.action_units)}: install facecue again"
            )
        answered[device.device] += 1
        rows.append(answer[0])
    logits = np.stack(rows)
    with np.errstate(invalid="ignore"):  # no numbers come out as no numbers
        found = measure(logits, golden, folder.emotion_stage)
        differing = differences(logits, golden, folder.emotion_stage, found, folder.artefact.tolerance)
    return GoldenResult(
        len(logits),
        found.probability,
        found.flipped_share,
        found.emotion_share,
        folder.artefact.tolerance,
        differing,
        dict(answered),
        meant,
    )


def differences(
    logits: Float32, golden: Golden, stage: EmotionStage, found: Measured, allowed: Tolerance
) -> tuple[Difference, ...]:
    """The units and emotions that make the figures exceed what is allowed, worst first.

    logits: float32 [N, K]. Of a figure that is allowed nothing is told: a single changed decision
    of many is no fault.
    """
    ours, theirs = probability(logits), probability(golden.logits)
    far = _largest(ours, theirs)
    changed = ((ours >= 0.5) != (theirs >= 0.5)).sum(axis=0)
    too_many = not found.flipped_share <= allowed.flipped_share
    out = [
        Difference(name, {**ACTION_UNITS, **SIDED_UNITS}[name], float(far[i]), int(changed[i]))
        for i, name in enumerate(stage.action_units)
        if not far[i] <= allowed.probability or (too_many and changed[i])
    ]
    if not found.emotion_share <= allowed.emotion_share:
        emotions = stage.probabilities(logits)
        far = _largest(emotions, golden.emotions)
        before, after = golden.emotions.argmax(axis=1), emotions.argmax(axis=1)
        for i, name in enumerate(stage.emotions):
            lost_or_won = int(((before == i) != (after == i)).sum())
            if lost_or_won:
                out.append(Difference(name, name, float(far[i]), lost_or_won))
    return tuple(sorted(out, key=_badness, reverse=True))


def _largest(ours: Float32, theirs: Float32) -> Float32:
    return np.asarray(np.abs(ours - theirs).max(axis=0), dtype=np.float32)


def _badness(difference: Difference) -> tuple[bool, float, int]:
    nothing = difference.largest != difference.largest
    return nothing, 0.0 if nothing else difference.largest, difference.changed
