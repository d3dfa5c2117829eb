"""One form for every labelled set of faces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class FaceSet:
    """Face pictures with what is known about each; NaN or zero weight means unknown.

    images: list of uint8 [H, W] grey crops. action_units: float32 [N, K] probabilities in 0..1,
    NaN where nobody knows. emotions: float32 [N, 8] distribution, all NaN where unknown.
    blendshapes: float32 [N, B] in 0..1, NaN where unknown. subjects: str [N] ("" where unknown).
    weight: float32 [N], the relative chance of being drawn in training. valence_arousal: float32
    [N, 2] in -1..1, NaN where unknown; None stands for all unknown.
    """

    name: str
    images: list[npt.NDArray[np.uint8]]
    action_units: npt.NDArray[np.float32]
    emotions: npt.NDArray[np.float32]
    blendshapes: npt.NDArray[np.float32]
    subjects: npt.NDArray[np.str_]
    weight: npt.NDArray[np.float32]
    valence_arousal: npt.NDArray[np.float32] = None  # type: ignore[assignment]

    def __len__(self) -> int:
        return len(self.images)

    def __post_init__(self) -> None:
        if cast(Any, self.valence_arousal) is None:
            object.__setattr__(self, "valence_arousal", np.full((len(self.images), 2), np.nan, np.float32))
        lengths = {
            "images": len(self.images),
            "action_units": len(self.action_units),
            "emotions": len(self.emotions),
            "blendshapes": len(self.blendshapes),
            "subjects": len(self.subjects),
            "weight": len(self.weight),
            "valence_arousal": len(self.valence_arousal),
        }
        if len(set(lengths.values())) != 1:
            raise ValueError(f"the columns of {self.name} differ in length: {lengths}")

    def take(self, rows: npt.NDArray[np.intp], name: str | None = None) -> FaceSet:
        """The same set with only these rows, in this order."""
        return FaceSet(
            name or self.name,
            [self.images[i] for i in rows],
            self.action_units[rows],
            self.emotions[rows],
            self.blendshapes[rows],
            self.subjects[rows],
            self.weight[rows],
            self.valence_arousal[rows],
        )


def join(name: str, sets: list[FaceSet]) -> FaceSet:
    """Several sets one after the other."""
    return FaceSet(
        name,
        [image for s in sets for image in s.images],
        np.concatenate([s.action_units for s in sets]),
        np.concatenate([s.emotions for s in sets]),
        np.concatenate([s.blendshapes for s in sets]),
        np.concatenate([s.subjects for s in sets]),
        np.concatenate([s.weight for s in sets]),
        np.concatenate([s.valence_arousal for s in sets]),
    )
