"""The sets a recipe names, labelled, split by subject and ready to be drawn from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.facs import EMOTIONS, SIDED_UNITS, UNIT_COLUMNS
from models.data import checks, ckplus, ferplus, lfw, own_pictures, teacher
from models.data.balance import drawing_weights
from models.data.faceset import FaceSet, join
from models.data.readers import BLENDSHAPES, DataError, load_names
from models.recipe import FOLDS, SETS, Recipe

FEWEST_NEUTRAL = 5
"""With fewer neutral faces of one's own the coded set's stand for them."""
CERTAIN_NEUTRAL = 0.8
"""Share of the votes from which a FER+ face counts as neutral for the teacher's zero."""


@dataclass(frozen=True, eq=False)
class TrainingData:
    """train: joined sets, `source` int [N] says which of recipe.SETS, `weight` float64 [N] how often a row
    is drawn within its set; test and calibration: CK+ people apart. rest: neutral onsets of CK+ people
    who train. posed: their frames to which CK+ gives an emotion,
    where the recipe wants them.

    valid: labelled FER+ faces of people the net does not train on (the validation split).
    """

    train: FaceSet
    coded: npt.NDArray[np.bool_]
    calibration: FaceSet
    test: FaceSet
    valid: FaceSet
    valid_votes: npt.NDArray[np.uint8]
    valid_plurality: npt.NDArray[np.bool_]
    blendshape_range: npt.NDArray[np.float32]
    blendshape_names: tuple[str, ...]
    source: npt.NDArray[np.intp]
    weight: npt.NDArray[np.float64]
    rest: FaceSet
    posed: FaceSet | None

    def chance(self, draw: dict[str, float]) -> npt.NDArray[np.float64]:
        """Probability of each training row to be drawn next: float64 [N]. draw: share of each set."""
        out = np.zeros(len(self.train))
        for number, name in enumerate(SETS):
            rows = self.source == number
            if rows.any():
                out[rows] = draw.get(name, 0.0) * self.weight[rows] / self.weight[rows].sum()
        return np.asarray(out / out.sum())


def assemble(recipe: Recipe, folder: Path) -> TrainingData:
    """Read everything below `folder` that the recipe draws from. Raises DataError."""
    names = _names(folder)
    fer, _, _ = ferplus.read(folder, "train")
    valid, votes, plurality = ferplus.read(folder, "valid")
    coded_frames, kinds = ckplus.peaks(folder)
    all_ck = ckplus.read(folder)
    faces, faces_neutral = lfw.read(folder)

    fold = np.array([ckplus.fold_of(s, FOLDS) for s in all_ck.subjects])
    apart = np.isin(fold, recipe.data.test_folds + recipe.data.calibration_folds)
    calibrating, testing = recipe.data.calibration_folds, recipe.data.test_folds
    if apart.all() or not np.isin(fold, testing).any() or not np.isin(fold, calibrating).any():
        raise DataError(
            f"{folder / 'ckplus_128.npz'}: data.test_folds {testing} and data.calibration_folds "
            f"{calibrating} leave nobody to train, to calibrate or to test on"
        )

    # The teacher is fitted on the training people alone, or the test people would leak through it.
    frame_fold = np.array([ckplus.fold_of(s, FOLDS) for s in coded_frames.subjects])
    known = ~np.isin(frame_fold, recipe.data.test_folds + recipe.data.calibration_folds)
    known &= np.isfinite(coded_frames.blendshapes).all(axis=1)
    rest = known & (kinds == "onset")
    ck_zero = _zero(folder / "ckplus_128.npz", coded_frames.blendshapes, rest)
    master = teacher.fit(coded_frames.blendshapes[known], coded_frames.action_units[known], names, ck_zero)

    certain = np.nan_to_num(fer.emotions[:, EMOTIONS.index("neutral")]) >= CERTAIN_NEUTRAL
    fer_zero = _zero(folder / "ferplus.npz", fer.blendshapes, certain)
    fer = _labelled(fer, master, fer_zero)
    valid = _labelled(valid, master, fer_zero)
    faces = _labelled(faces, master, _zero(folder / "lfw_expressions.zip", faces.blendshapes, faces_neutral))
    all_ck = _labelled(all_ck, master, ck_zero)

    fer = fer.take(np.flatnonzero(np.isfinite(fer.emotions).all(axis=1)))
    train_ck = all_ck.take(np.flatnonzero(~apart), "ckplus")
    sets = [fer, train_ck, faces]
    human = [np.zeros(len(fer), bool), np.ones(len(train_ck), bool), np.zeros(len(faces), bool)]
    if recipe.data.own:
        mine = own_pictures.read_training(folder / recipe.data.own)
        human.append(np.asarray(np.isfinite(mine.action_units).any(axis=1)))
        sets.append(_labelled(mine, master, _own_zero(mine, ck_zero)))
    cap = recipe.data.rare_emotion_cap
    weight = [s.weight if s is train_ck or s is faces else drawing_weights(s.emotions, cap) for s in sets]
    calibration = all_ck.take(np.flatnonzero(np.isin(fold, calibrating)), "ckplus-calibration")
    test = coded_frames.take(np.flatnonzero(np.isin(frame_fold, testing)), "ckplus-test")
    checks.require_sound(sets, [calibration, test, valid])
    train = join("train", sets)
    shapes = train.blendshapes[np.isfinite(train.blendshapes).all(axis=1)]
    return TrainingData(
        train,
        np.concatenate(human),
        calibration,
        test,
        valid,
        votes,
        plurality,
        np.quantile(shapes, [0.02, 0.98], axis=0).astype(np.float32),
        names,
        np.repeat(np.arange(len(sets)), [len(s) for s in sets]),
        np.concatenate(weight).astype(np.float64),
        coded_frames.take(np.flatnonzero(rest), "ckplus-rest"),
        _posed(recipe, folder),
    )


def _posed(recipe: Recipe, folder: Path) -> FaceSet | None:
    if not recipe.refit.posed:
        return None
    faces = ckplus.posed(folder)
    fold = np.array([ckplus.fold_of(s, FOLDS) for s in faces.subjects])
    rows = np.flatnonzero(~np.isin(fold, recipe.data.test_folds + recipe.data.calibration_folds))
    if not len(rows):
        raise DataError(
            f"{folder / 'ckplus_128.npz'} names no emotion of the people who train: set refit.posed = 0"
        )
    return faces.take(rows)


def _zero(
    path: Path, blendshapes: npt.NDArray[np.float32], neutral: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    rows = neutral & np.isfinite(blendshapes).all(axis=1)
    if not rows.any():
        raise DataError(f"{path} has no neutral face with blendshapes: the teacher has no zero to start from")
    return np.asarray(teacher.logit(blendshapes[rows]).mean(axis=0))


def _own_zero(faces: FaceSet, coded_zero: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The teacher's zero for one's own pictures; a few neutral ones would say more about people."""
    neutral = np.nan_to_num(faces.emotions[:, EMOTIONS.index("neutral")]) >= CERTAIN_NEUTRAL
    rows = neutral & np.isfinite(faces.blendshapes).all(axis=1)
    if rows.sum() < FEWEST_NEUTRAL:
        return coded_zero
    return np.asarray(teacher.logit(faces.blendshapes[rows]).mean(axis=0))


def _labelled(faces: FaceSet, master: teacher.Teacher, zero: npt.NDArray[np.float64]) -> FaceSet:
    """Codes stay; only what nobody coded is filled in by the teacher."""
    soft = master.label(faces.blendshapes, zero)
    for whole in sorted({sided[:-1] for sided in SIDED_UNITS}):
        # Where a coder saw the unit, at least one side shows it.
        seen = faces.action_units[:, UNIT_COLUMNS.index(whole)] == 1
        sides = [UNIT_COLUMNS.index(whole + side) for side in "LR"]
        soft[np.ix_(seen, sides)] /= soft[np.ix_(seen, sides)].max(axis=1, keepdims=True)
    units = np.where(np.isfinite(faces.action_units), faces.action_units, soft).astype(np.float32)
    return replace(faces, action_units=units)


def _names(folder: Path) -> tuple[str, ...]:
    """The blendshapes' names, which must be the same in every set."""
    paths = [folder / f"blendshapes_{name}.npz" for name in ("ckplus_128", "ferplus", "lfw")]
    names, *others = (load_names(path, "blendshape_names") for path in paths)
    for path, other in zip(paths[1:], others):
        if other != names:
            raise DataError(f"{path}: blendshape_names are not those of {paths[0]}")
    absent = {n for used in teacher.PROXIES.values() for n in used} - set(names)
    if absent or len(names) != BLENDSHAPES:
        raise DataError(f"{paths[0]}: blendshape_names are not the {BLENDSHAPES} names of MediaPipe")
    return names
