"""The blendshape teacher as a peer: the units it names are what our nets learn from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.facs import ACTION_UNITS, EMOTIONS
from models.data import ckplus, ferplus, teacher
from models.data.readers import DataError, load_names
from models.peers.peer import Float32
from models.recipe import FOLDS

APART = (0, 1, 2)
"""Folds of CK+ it is not fitted on: the people of the test and of the calibration."""
CERTAIN_NEUTRAL = 0.8
"""Share of the votes from which a FER+ face counts as neutral, as for the training's labels."""


@dataclass(frozen=True, eq=False)
class BlendshapeTeacher:
    """A logistic regression per unit on MediaPipe's blendshapes, fitted on CK+'s training people.

    data: the folder that holds CK+ and its blendshapes. blendshapes: float32 [N, 52] of the
    pictures to judge. zero: whose neutral faces are its zero, "ckplus" or "ferplus": the set the
    pictures come from, or the one that is more like them.
    """

    data: Path
    blendshapes: Float32
    zero: str = "ckplus"
    name: str = "blendshape-teacher"
    units: tuple[str, ...] = tuple(ACTION_UNITS)

    @property
    def version(self) -> str:
        """What it is fitted on and asked about."""
        master, zero = self._fitted
        digest = hashlib.sha256()
        for array in (master.weights, master.bias, zero, self.blendshapes):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def probabilities(self) -> Float32:
        """float32 [N, units], NaN rows where no face was found."""
        master, zero = self._fitted
        return master.label(self.blendshapes, zero)[:, : len(self.units)]

    @cached_property
    def _fitted(self) -> tuple[teacher.Teacher, npt.NDArray[np.float64]]:
        path = self.data / "blendshapes_ckplus_128.npz"
        names = load_names(path, "blendshape_names")
        frames, kinds = ckplus.peaks(self.data)
        fold = np.array([ckplus.fold_of(subject, FOLDS) for subject in frames.subjects])
        known = ~np.isin(fold, APART) & np.isfinite(frames.blendshapes).all(axis=1)
        ck_zero = _zero(path, frames.blendshapes[known & (kinds == "onset")])
        master = teacher.fit(frames.blendshapes[known], frames.action_units[known], names, ck_zero)
        if self.zero == "ckplus":
            return master, ck_zero
        if self.zero != "ferplus":
            raise DataError(f'the teacher\'s zero is "ckplus" or "ferplus", not "{self.zero}"')
        wild, _, _ = ferplus.read(self.data, "train")
        certain = np.nan_to_num(wild.emotions[:, EMOTIONS.index("neutral")]) >= CERTAIN_NEUTRAL
        return master, _zero(self.data / "blendshapes_ferplus.npz", wild.blendshapes[certain])


def _zero(path: Path, blendshapes: Float32) -> npt.NDArray[np.float64]:
    rows = blendshapes[np.isfinite(blendshapes).all(axis=1)]
    if not len(rows):
        raise DataError(f"{path} has no neutral face with blendshapes: the teacher has no zero to start from")
    return np.asarray(teacher.logit(rows).mean(axis=0))
