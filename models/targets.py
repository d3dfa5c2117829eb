"""What a head can be taught: where its targets come from, and how far an answer is from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from edge.facs import ATTITUDE_OF, ATTITUDES, EMOTIONS, UNIT_COLUMNS
from models.data.faceset import FaceSet
from models.data.readers import BLENDSHAPES

Float32 = npt.NDArray[np.float32]

DOUBT = 0.03
"""A coder's 0 and 1 are not beyond doubt either (agreement of FACS coders: about 0.8 kappa)."""


@dataclass(frozen=True)
class Target:
    """One kind of answer.

    columns: names of its numbers. of: a set of faces -> float32 [N, columns], NaN where unknown.
    loss: (answer [N, C], target [N, C], weight [N]) -> mean over what is known. share: whether the
    columns are a distribution, so that classes can be balanced.
    """

    columns: tuple[str, ...]
    of: Callable[[FaceSet], Float32]
    loss: Callable[[Tensor, Tensor, Tensor], Tensor]
    share: bool = False


def binary_cross_entropy(answer: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Each column by itself, target in 0..1; what is unknown weighs nothing."""
    known = torch.isfinite(target)
    each = known.float() * weight[:, None]
    wanted = target.nan_to_num(0.5).clamp(DOUBT, 1 - DOUBT)
    total = functional.binary_cross_entropy_with_logits(answer.float(), wanted, each, reduction="sum")
    return total / each.sum().clamp(min=1.0)


def cross_entropy(answer: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Against a distribution; a row that is not known in full weighs nothing."""
    known = torch.isfinite(target).all(dim=1)
    weight = weight * known.float()
    rows = -(target.nan_to_num(0.0) * torch.log_softmax(answer.float(), dim=1)).sum(dim=1)
    return (rows * weight).sum() / weight.sum().clamp(min=1.0)


def squared_error(answer: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Of numbers in -1..1; the answer goes through tanh."""
    known = torch.isfinite(target)
    each = known.float() * weight[:, None]
    return (each * (torch.tanh(answer.float()) - target.nan_to_num(0.0)) ** 2).sum() / each.sum().clamp(
        min=1.0
    )


def attitudes(emotions: Float32) -> Float32:
    """Distributions over eight emotions -> over three attitudes; surprise has no valence of its own.

    float32 [N, 8] -> float32 [N, 3], NaN where nothing but surprise (or nothing at all) was voted.
    """
    out = np.zeros((len(emotions), len(ATTITUDES)), dtype=np.float32)
    for column, name in enumerate(EMOTIONS):
        if name != "surprise":
            out[:, ATTITUDES.index(ATTITUDE_OF[name])] += emotions[:, column]
    total = out.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0.2, out / total, np.nan).astype(np.float32)


def _one_emotion(name: str) -> Target:
    column = EMOTIONS.index(name)

    def of(faces: FaceSet) -> Float32:
        return faces.emotions[:, [column]]

    return Target((name,), of, binary_cross_entropy)


def _valence_arousal(faces: FaceSet) -> Float32:
    known = getattr(faces, "valence_arousal", None)
    return np.full((len(faces), 2), np.nan, np.float32) if known is None else known


TARGETS: dict[str, Target] = {
    "action_units": Target(UNIT_COLUMNS, lambda faces: faces.action_units, binary_cross_entropy),
    "blendshapes": Target(
        tuple(f"blendshape{i}" for i in range(BLENDSHAPES)),
        lambda faces: faces.blendshapes,
        binary_cross_entropy,
    ),
    "emotions": Target(EMOTIONS, lambda faces: faces.emotions, cross_entropy, share=True),
    "attitude": Target(ATTITUDES, lambda faces: attitudes(faces.emotions), cross_entropy, share=True),
    "valence_arousal": Target(("valence", "arousal"), _valence_arousal, squared_error),
    **{f"is_{name}": _one_emotion(name) for name in EMOTIONS},
}
"""Every target a recipe may name. A new kind of label is a new row here and a reader that fills it."""


def names() -> Sequence[str]:
    """For messages."""
    return tuple(TARGETS)
