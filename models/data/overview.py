"""The sets in a folder, as a person wants to see them before training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.facs import EMOTIONS, UNIT_COLUMNS
from models import recipe as recipes
from models.data import ckplus, ferplus, lfw, own_pictures
from models.data.faceset import FaceSet
from models.recipe import FOLDS, DataRecipe

TRAIN = "train"


@dataclass(frozen=True, eq=False)
class Sets:
    """train: learned from. apart: calibrated and tested on."""

    train: list[FaceSet]
    apart: list[FaceSet]


def of_folder(folder: Path, recipe: Path | None) -> Sets:
    """The data sets of docs/training.md, or one's own pictures by their splits. Raises DataError.

    recipe: says which people of CK+ are kept apart. Pictures without splits are all learned from.
    """
    if folder.is_dir() and any((folder / name).exists() for name in ("ferplus.npz", "ckplus_128.npz")):
        return _data_sets(folder, recipes.load(recipe).data if recipe else DataRecipe())
    splits = own_pictures.splits_in(folder)
    if TRAIN not in splits:
        return Sets([own_pictures.read(folder)], [])
    others = [own_pictures.read(folder, name) for name in splits if name != TRAIN]
    return Sets([own_pictures.read(folder, TRAIN)], others)


def _data_sets(folder: Path, data: DataRecipe) -> Sets:
    fer, _, _ = ferplus.read(folder, "train")
    valid, _, _ = ferplus.read(folder, "valid")
    coded = ckplus.read(folder)
    faces, _ = lfw.read(folder)
    fold = np.array([ckplus.fold_of(s, FOLDS) for s in coded.subjects])
    held = np.isin(fold, data.test_folds + data.calibration_folds)
    voted = fer.take(np.flatnonzero(np.isfinite(fer.emotions).all(axis=1)))
    return Sets(
        [voted, coded.take(np.flatnonzero(~held), "ckplus-train"), faces],
        [valid, coded.take(np.flatnonzero(held), "ckplus-apart")],
    )


def table(sets: Sequence[FaceSet]) -> str:
    """One paragraph per set: pictures, sizes, people, emotions, units."""
    return "\n".join(line for faces in sets for line in _lines(faces))


def _lines(faces: FaceSet) -> list[str]:
    sizes = sorted({max(image.shape) for image in faces.images if image.size})
    people = len(set(faces.subjects) - {""})
    head = f"{faces.name}: {len(faces)} pictures"
    if sizes:
        head += f" of {sizes[0]} px" if len(sizes) == 1 else f" of {sizes[0]} to {sizes[-1]} px"
    lines = [f"{head}, {people} people" if people else head]
    voted = faces.emotions[np.isfinite(faces.emotions).all(axis=1)]
    if len(voted):
        counts = np.bincount(voted.argmax(axis=1), minlength=len(EMOTIONS))
        lines.append("  most voted: " + ", ".join(f"{n} {c}" for n, c in zip(EMOTIONS, counts)))
    seen = np.isfinite(faces.action_units)
    units = [
        f"{unit} {int((faces.action_units[seen[:, k], k] > 0.5).sum())}"
        for k, unit in enumerate(UNIT_COLUMNS)
        if seen[:, k].any()
    ]
    if units:
        lines.append("  coded, times there: " + ", ".join(units))
    felt = np.isfinite(faces.valence_arousal).all(axis=1).sum() if faces.valence_arousal is not None else 0
    if felt:
        lines.append(f"  valence and arousal of {felt}")
    known = int(np.isfinite(faces.blendshapes).all(axis=1).sum())
    lines.append(f"  blendshapes of {known}")
    return lines
