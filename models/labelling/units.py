"""Action units of labelled pictures, by the map from blendshapes fitted on FACS-coded people."""

from __future__ import annotations

import csv
import logging
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.facs import EMOTIONS, UNIT_COLUMNS
from models.data import ckplus, class_folders, label_table, own_pictures, teacher
from models.data.blendshape_file import row_names
from models.data.picture_store import open_store
from models.data.readers import BLENDSHAPES, DataError, load_names, load_npz, need_width
from models.labelling.label import write_npz

log = logging.getLogger(__name__)

CERTAIN_NEUTRAL = 0.8
"""Share of FER+ votes from which a face counts as neutral."""
FEWEST_NEUTRAL = 5
"""With fewer neutral faces their mean says more about these people than about the pictures."""

Float = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]


def write_units(pictures: Path, blendshapes: Path, coded: Path) -> str:
    """Write `action_units_*.npz` and `.csv` beside the blendshapes; returns a sentence on what was done.

    coded: folder with `ckplus_128.npz` and its blendshapes; all its people fit the map, so its test
    people are not to be judged on what is taught by these labels. Units are probabilities in 0..1,
    NaN (empty in the table) where no face was found. Raises DataError.
    """
    master, laboratory = fitted(coded)
    names = load_names(blendshapes, "blendshape_names")
    if names != master.names:
        raise DataError(f"{blendshapes}: blendshape_names are not those of {coded}; label both anew")
    key_names = ("name",) if _has(blendshapes, "name") else ("video", "frame")
    held = load_npz(blendshapes, (*key_names, "detected", "blendshapes"))
    need_width(blendshapes, "blendshapes", held["blendshapes"], BLENDSHAPES)
    shapes = np.where(held["detected"][:, None], held["blendshapes"], np.nan).astype(np.float32)
    neutral = neutral_rows(pictures, held) & held["detected"]
    zero, told = laboratory, "no neutral faces are known, so those of the coded set stand for them"
    if neutral.sum() >= FEWEST_NEUTRAL:
        zero = np.asarray(teacher.logit(shapes[neutral]).mean(axis=0))
        told = f"resting face: the mean of {int(neutral.sum())} neutral pictures"
    else:
        log.warning("%s: %s; units of resting faces come out too often", pictures, told)
    units = master.label(shapes, zero)
    target = blendshapes.with_name(blendshapes.name.replace("blendshapes_", "action_units_", 1))
    if target == blendshapes:
        target = blendshapes.with_name(f"action_units_{blendshapes.name}")
    keys = {key: held[key] for key in key_names}
    write_npz(
        target,
        {
            **keys,
            "detected": held["detected"],
            "action_units": units.astype(np.float16),
            "unit_names": np.array(UNIT_COLUMNS),
        },
    )
    _write_table(target.with_suffix(".csv"), keys, units)
    return f"written: {target} and {target.with_suffix('.csv').name}; {told}"


def fitted(coded: Path) -> tuple[teacher.Teacher, Float]:
    """The map, and the mean logit of the coded set's resting faces. Raises DataError."""
    path = coded / "blendshapes_ckplus_128.npz"
    names = load_names(path, "blendshape_names")
    faces, kinds = ckplus.peaks(coded)
    known = np.isfinite(faces.blendshapes).all(axis=1)
    rest = known & (kinds == "onset")
    if not rest.any():
        raise DataError(f"{path} has no resting face: the map has no zero to start from")
    zero = np.asarray(teacher.logit(faces.blendshapes[rest]).mean(axis=0))
    return teacher.fit(faces.blendshapes[known], faces.action_units[known], names, zero), zero


def neutral_rows(pictures: Path, keys: dict[str, npt.NDArray[np.generic]]) -> Bool:
    """Which rows are known to be neutral: by votes, as onsets, or by the labels beside the pictures.

    keys: the columns that say which row is which picture. All False where nothing is known.
    """
    count = len(next(iter(keys.values())))
    if pictures.suffix != ".npz":
        wanted = _neutral_names(pictures)
        return np.array([str(name) in wanted for name in keys["name"]], dtype=bool)
    if _has(pictures, "votes"):
        votes = load_npz(pictures, ("votes",))["votes"].astype(np.float64)
        need_width(pictures, "votes", votes, len(EMOTIONS) + 2)
        counted = np.where(votes[:, : len(EMOTIONS)] > 1, votes[:, : len(EMOTIONS)], 0)
        plurality = votes.argmax(axis=1) < len(EMOTIONS)
        neutral = counted[:, EMOTIONS.index("neutral")] >= CERTAIN_NEUTRAL * np.maximum(
            counted.sum(axis=1), 1
        )
        return _as_long(pictures, neutral & plurality, count)
    if _has(pictures, "kind"):
        return _as_long(pictures, load_npz(pictures, ("kind",))["kind"] == "onset", count)
    return np.zeros(count, dtype=bool)


def _neutral_names(pictures: Path) -> set[str]:
    with open_store(pictures) as store:
        files = store.pictures
    if own_pictures.has_table(pictures):
        table = label_table.emotions_by_file(pictures)
        of = {f: table.get(f) or table.get(f.removeprefix("images/")) for f in files}
    else:
        of = {f: class_folders.emotion_of_file(f) for f in files}
    return {name for name, file in zip(row_names(files), files) if of[file] == "neutral"}


def _as_long(path: Path, rows: Bool, count: int) -> Bool:
    if len(rows) != count:
        raise DataError(f"{path} has {len(rows)} rows and its blendshapes {count}: label it anew")
    return rows


def _has(path: Path, column: str) -> bool:
    try:
        load_npz(path, (column,))
    except DataError:
        return False
    return True


def _write_table(
    path: Path, keys: dict[str, npt.NDArray[np.generic]], units: npt.NDArray[np.float32]
) -> None:
    part = path.with_name(path.name + ".tmp")
    with part.open("w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(["file" if key == "name" else key for key in keys] + list(UNIT_COLUMNS))
        for row, values in enumerate(units):
            cells = [f"{v:.4f}" if np.isfinite(v) else "" for v in values]
            table.writerow([str(column[row]) for column in keys.values()] + cells)
    part.replace(path)
