"""A folder or .zip with one folder of face pictures for each emotion: `happiness/xyz.png`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from edge.errors import PictureError
from edge.facs import EMOTIONS, UNIT_COLUMNS
from models.data.blendshape_file import read_beside
from models.data.faceset import FaceSet
from models.data.label_names import KNOWN, emotion_of
from models.data.picture_store import PictureStore, open_store
from models.data.readers import DataError
from models.data.wording import named

SPLITS = {
    "train": "train",
    "training": "train",
    "valid": "valid",
    "val": "valid",
    "validation": "valid",
    "test": "test",
    "testing": "test",
}
"""Names of folders that say which split lies below them."""


def read(path: Path, split: str | None = None) -> FaceSet:
    """Every picture below a folder that is named after an emotion.

    The nearest such folder counts (`happiness/p7/1.png` is happiness). A folder `train`, `valid`
    or `test` above or below gives the split; with `split` only its pictures are read. Subjects and
    units are unknown; blendshapes come from `blendshapes_NAME.npz` beside the folder, where it is.
    Raises DataError with every fault.
    """
    with open_store(path) as store:
        files = [f for f in store.pictures if split is None or split_of(f) == split]
        if not files:
            raise DataError(f"{path} holds no picture{'' if split is None else f' of the split {split}'}")
        emotions = {file: emotion_of_file(file) for file in files}
        faults = _strange(path, [file for file in files if emotions[file] is None])
        images = _images(store, files, faults)
    if faults:
        raise DataError("\n".join(faults))
    one_hot = np.eye(len(EMOTIONS), dtype=np.float32)
    count = len(files)
    return FaceSet(
        str(path) if split is None else f"{path}-{split}",
        images,
        np.full((count, len(UNIT_COLUMNS)), np.nan, dtype=np.float32),
        np.stack([one_hot[EMOTIONS.index(emotions[file] or "")] for file in files]),
        read_beside(path, files),
        np.full(count, "", dtype="<U8"),
        np.ones(count, dtype=np.float32),
    )


def splits_in(path: Path) -> tuple[str, ...]:
    """The splits that folders are named after; empty where there are none."""
    with open_store(path) as store:
        found = {split_of(file) for file in store.pictures}
    return tuple(sorted(name for name in found if name is not None))


def emotion_of_file(file: str) -> str | None:
    """The emotion that the nearest folder above a picture is named after."""
    words = (emotion_of(part) for part in reversed(PurePosixPath(file).parts[:-1]))
    return next((word for word in words if word is not None), None)


def split_of(file: str) -> str | None:
    """The split that a folder above a picture is named after."""
    return next((SPLITS[p.lower()] for p in PurePosixPath(file).parts[:-1] if p.lower() in SPLITS), None)


def _images(store: PictureStore, files: Sequence[str], faults: list[str]) -> list[np.ndarray]:
    images = []
    for file in files:
        try:
            images.append(store.grey(file))
        except PictureError as error:
            faults.append(f"{error}; copy it again or remove it")
    return images


def _strange(path: Path, files: Sequence[str]) -> list[str]:
    folders = sorted({str(PurePosixPath(file).parent) for file in files})
    if not folders:
        return []
    return [
        f"{path}: pictures lie in folders that are named after no emotion ({named(folders)}); "
        f"rename them to {KNOWN}, or remove them"
    ]
