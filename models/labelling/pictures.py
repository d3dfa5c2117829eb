"""What can be labelled: the data sets' own files, and folders or archives of face pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.data.blendshape_file import row_names, title_of
from models.data.picture_store import open_store
from models.data.readers import DataError, load_npz, need_pictures


@dataclass(frozen=True, eq=False)
class Pictures:
    """N pictures to be labelled.

    title: of the output, `blendshapes_TITLE.npz`. keys: the columns that say which row is which
    picture. names: how each is called to a person. read: row -> uint8 [H, W] or [H, W, 3] BGR;
    raises PictureError. landmarks: whether the five landmarks are written too.
    """

    title: str
    keys: dict[str, npt.NDArray[Any]]
    names: list[str]
    read: Callable[[int], npt.NDArray[np.uint8]]
    landmarks: bool = True

    def __len__(self) -> int:
        return len(self.names)


@contextmanager
def open_pictures(path: Path) -> Iterator[Pictures]:
    """The pictures of an .npz (FER+ or CK+ layout), a folder or a .zip. Raises DataError."""
    if path.suffix == ".npz":
        yield _of_npz(path)
        return
    with open_store(path) as store:
        files = store.pictures
        if not files:
            raise DataError(f"{path} holds no picture: give a folder or a .zip of face pictures")
        yield Pictures(
            title_of(path),
            {"name": np.array(row_names(files))},
            list(files),
            lambda row: store.colour(files[row]),
        )


def _of_npz(path: Path) -> Pictures:
    images = load_npz(path, ("images",))["images"]
    need_pictures(path, images)
    for columns in (("name",), ("video", "frame")):
        try:
            keys = load_npz(path, columns)
        except DataError:
            continue
        if all(len(column) == len(images) for column in keys.values()):
            names = [" ".join(map(str, row)) for row in zip(*keys.values())]
            # CK+'s rows have always been told by video and frame, without landmarks.
            return Pictures(path.stem, keys, names, lambda row: images[row], "name" in keys)
    raise DataError(f"{path} has neither a column name nor video and frame: its rows cannot be told apart")
