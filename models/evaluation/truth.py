"""What is known about the pictures that figures are taken on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.facs import ACTION_UNITS, EMOTIONS, SIDED_UNITS
from models import calibrate
from models.data import ckplus, ferplus
from models.data.ckplus import fold_of
from models.data.readers import DataError, load_npz
from models.recipe import FOLDS

UInt8 = npt.NDArray[np.uint8]
UNKNOWN = -1


@dataclass(frozen=True, eq=False)
class Wild:
    """FER+ valid without twins, the pictures whose most voted answer is an emotion.

    images: uint8 [48, 48] each. votes: uint8 [N, 10]. calibrated_on: bool [N], the half on which
    thresholds and temperature were fitted. keys: each picture's name, unique. blendshapes: float32
    [N, 52], NaN where MediaPipe found no face or nobody asked it.
    """

    images: list[UInt8]
    votes: npt.NDArray[np.uint8]
    calibrated_on: npt.NDArray[np.bool_]
    keys: list[str]
    blendshapes: npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Coded:
    """Peaks and neutral onsets of some people of CK+.

    images: uint8 [128, 128] each. units: the net's. codes: float32 [N, K] in their order, NaN where
    nobody coded. subjects: [N]. peak: bool [N]. emotions: int64 [N] into edge.facs.EMOTIONS, UNKNOWN
    where CK+ names none; they were derived from the codes. keys: "<video>_<frame>", unique.
    blendshapes: as of Wild.
    """

    images: list[UInt8]
    units: tuple[str, ...]
    codes: npt.NDArray[np.float32]
    subjects: npt.NDArray[np.str_]
    peak: npt.NDArray[np.bool_]
    emotions: npt.NDArray[np.int64]
    keys: list[str]
    blendshapes: npt.NDArray[np.float32]


def wild(data: Path) -> Wild:
    """Read FER+'s validation split. Raises DataError."""
    faces, votes, named = ferplus.read(data, "valid")
    columns = load_npz(data / "ferplus.npz", ("name", "split", "twin_of_train"))
    rows = (columns["split"] == "valid") & ~columns["twin_of_train"].astype(bool)
    keys = [str(name) for name in columns["name"][rows][named]]
    if not keys:
        raise DataError(f"{data / 'ferplus.npz'} has no validation picture whose raters name an emotion")
    half = calibrate.calibration_half(len(faces))
    images = [faces.images[i] for i in np.flatnonzero(named)]
    _unique(keys, data / "ferplus.npz")
    return Wild(images, votes[named], half[named], keys, faces.blendshapes[named])


def coded(data: Path, folds: list[int], units: tuple[str, ...]) -> Coded:
    """Read the people of CK+ in these folds. units: the net's. Raises DataError."""
    path = data / "ckplus_128.npz"
    faces, kinds = ckplus.peaks(data)
    columns = load_npz(path, ("video", "frame", "emotion"))
    rows = np.flatnonzero([fold_of(s, FOLDS) in folds for s in faces.subjects])
    if not len(rows):
        raise DataError(f"CK+ has nobody in the folds {folds}: give folds from 0 to {FOLDS - 1} with --folds")
    faces = faces.take(rows)
    keys = [f"{v}_{f}" for v, f in zip(columns["video"][rows], columns["frame"][rows])]
    names = [ckplus.IN_OUR_WORDS.get(str(e), str(e)) for e in columns["emotion"][rows]]
    emotions = np.array([EMOTIONS.index(n) if n in EMOTIONS else UNKNOWN for n in names], dtype=np.int64)
    codes = _ordered(faces.action_units, units)
    _unique(keys, path)
    peak = kinds[rows] == "peak"
    return Coded(faces.images, units, codes, faces.subjects, peak, emotions, keys, faces.blendshapes)


def _ordered(codes: npt.NDArray[np.float32], units: tuple[str, ...]) -> npt.NDArray[np.float32]:
    """The readers' columns in the net's order; nobody coded a unit that the readers do not have."""
    columns = (*ACTION_UNITS, *SIDED_UNITS)[: codes.shape[1]]
    out = np.full((len(codes), len(units)), np.nan, dtype=np.float32)
    for k, unit in enumerate(units):
        if unit in columns:
            out[:, k] = codes[:, columns.index(unit)]
    return out


def _unique(keys: list[str], path: Path) -> None:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            raise DataError(f"{path} names two pictures {key}: a name may stand only once")
        seen.add(key)
