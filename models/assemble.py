"""The sets a recipe names, labelled, split by subject and ready to be drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.facs import EMOTIONS
from models.data import ckplus, ferplus, lfw, teacher
from models.data.faceset import FaceSet, join
from models.data.readers import DataError
from models.recipe import Recipe

FOLDS = 10
CERTAIN_NEUTRAL = 0.8
"""Share of the votes from which a FER+ face counts as neutral for the teacher's zero."""


@dataclass(frozen=True, eq=False)
class TrainingData:
    """train: joined sets, `source` int [N] says which; test and calibration: CK+ people apart.

    wild: labelled FER+ faces of people the net does not train on (the validation split).
    """

    train: FaceSet
    chance: npt.NDArray[np.float64]
    coded: npt.NDArray[np.bool_]
    calibration: FaceSet
    test: FaceSet
    valid: FaceSet
    valid_votes: npt.NDArray[np.uint8]
    valid_plurality: npt.NDArray[np.bool_]
    blendshape_range: npt.NDArray[np.float32]


def assemble(recipe: Recipe, folder: Path) -> TrainingData:
    """Read everything below `folder` that the recipe draws from. Raises DataError."""
    fer, _, _ = ferplus.read(folder, "train")
    valid, votes, plurality = ferplus.read(folder, "valid")
    coded_frames, kinds = ckplus.peaks(folder)
    all_ck = ckplus.read(folder)
    faces, faces_neutral = lfw.read(folder)

    fold = np.array([ckplus.fold_of(s, FOLDS) for s in all_ck.subjects])
    apart = np.isin(fold, recipe.data.test_folds + recipe.data.calibration_folds)
    if not (~apart).any() or not np.isin(fold, recipe.data.test_folds).any():
        raise DataError("data.test_folds and data.calibration_folds leave no subject to train or to test on")

    # The teacher is fitted on the training people alone, or the test people would leak through it.
    frame_fold = np.array([ckplus.fold_of(s, FOLDS) for s in coded_frames.subjects])
    known = ~np.isin(frame_fold, recipe.data.test_folds + recipe.data.calibration_folds)
    known &= np.isfinite(coded_frames.blendshapes).all(axis=1)
    rest = known & (kinds == "onset")
    ck_zero = teacher.logit(coded_frames.blendshapes[rest]).mean(axis=0)
    names = _names(folder)
    master = teacher.fit(coded_frames.blendshapes[known], coded_frames.action_units[known], names, ck_zero)

    certain = np.nan_to_num(fer.emotions[:, EMOTIONS.index("neutral")]) >= CERTAIN_NEUTRAL
    fer_zero = _zero(fer.blendshapes, certain)
    fer = _labelled(fer, master, fer_zero)
    valid = _labelled(valid, master, fer_zero)
    faces = _labelled(faces, master, _zero(faces.blendshapes, faces_neutral))
    all_ck = _labelled(all_ck, master, ck_zero)

    fer = fer.take(np.flatnonzero(np.isfinite(fer.emotions).all(axis=1)))
    train_ck = all_ck.take(np.flatnonzero(~apart), "ckplus")
    sets = [fer, train_ck, faces]
    weight = [ferplus.balanced(fer.emotions, recipe.data.rare_emotion_cap), train_ck.weight, faces.weight]
    share = [recipe.data.draw.get(n, 0.0) for n in ("ferplus", "ckplus", "lfw")]
    chance = np.concatenate([s * w.astype(np.float64) / w.sum() for s, w in zip(share, weight)])
    train = join("train", sets)
    shapes = train.blendshapes[np.isfinite(train.blendshapes).all(axis=1)]
    return TrainingData(
        train,
        chance / chance.sum(),
        np.concatenate([np.full(len(s), s is train_ck) for s in sets]),
        all_ck.take(np.flatnonzero(np.isin(fold, recipe.data.calibration_folds)), "ckplus-calibration"),
        coded_frames.take(np.flatnonzero(np.isin(frame_fold, recipe.data.test_folds)), "ckplus-test"),
        valid,
        votes,
        plurality,
        np.quantile(shapes, [0.02, 0.98], axis=0).astype(np.float32),
    )


def _zero(blendshapes: npt.NDArray[np.float32], neutral: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    rows = neutral & np.isfinite(blendshapes).all(axis=1)
    if not rows.any():
        raise DataError("no neutral face with blendshapes: the teacher has no zero to start from")
    return np.asarray(teacher.logit(blendshapes[rows]).mean(axis=0))


def _labelled(faces: FaceSet, master: teacher.Teacher, zero: npt.NDArray[np.float64]) -> FaceSet:
    """Codes stay; only what nobody coded is filled in by the teacher."""
    soft = master.label(faces.blendshapes, zero)
    units = np.where(np.isfinite(faces.action_units), faces.action_units, soft).astype(np.float32)
    return FaceSet(
        faces.name, faces.images, units, faces.emotions, faces.blendshapes, faces.subjects, faces.weight
    )


def _names(folder: Path) -> tuple[str, ...]:
    with np.load(folder / "blendshapes_ckplus_128.npz", allow_pickle=False) as archive:
        return tuple(str(n) for n in archive["blendshape_names"])
