"""Pictures of one's own: with a `labels.csv`, or in folders named after emotions."""

from __future__ import annotations

from pathlib import Path

from models.data import class_folders, label_table
from models.data.faceset import FaceSet
from models.data.picture_store import open_store


def read(path: Path, split: str | None = None) -> FaceSet:
    """As `label_table.read` where the folder or .zip has a `labels.csv`, else as `class_folders.read`."""
    reader = label_table.read if has_table(path) else class_folders.read
    return reader(path, split)


def read_training(path: Path) -> FaceSet:
    """The split "train" where the pictures have splits, else all of them."""
    return read(path, "train" if "train" in splits_in(path) else None)


def splits_in(path: Path) -> tuple[str, ...]:
    """The splits it tells apart; empty where it tells none."""
    reader = label_table.splits_in if has_table(path) else class_folders.splits_in
    return reader(path)


def has_table(path: Path) -> bool:
    """Whether a `labels.csv` lies at the top of it. Raises DataError where there is no such folder."""
    with open_store(path) as store:
        return label_table.TABLE in store.names
