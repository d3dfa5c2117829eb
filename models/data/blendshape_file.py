"""Where the blendshapes of a set lie, and which row of theirs is which picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

from models.data.readers import BLENDSHAPES, load_npz, need_width

SHORT_TITLES = {"lfw_expressions": "lfw"}
"""Sets whose blendshapes go by another name than their pictures."""


def title_of(path: Path) -> str:
    """TITLE of `blendshapes_TITLE.npz` for a folder or file of pictures."""
    name = path.resolve().name
    stem = name if path.is_dir() else Path(name).stem
    return SHORT_TITLES.get(stem, stem)


def row_names(files: Sequence[str]) -> list[str]:
    """What rows call pictures: no suffix, no leading "images/", as long as this tells them apart."""
    short = [str(PurePosixPath(file).with_suffix("")).removeprefix("images/") for file in files]
    return short if len(set(short)) == len(short) else list(files)


def read_beside(path: Path, files: Sequence[str]) -> npt.NDArray[np.float32]:
    """Blendshapes [N, 52] of these pictures from `blendshapes_TITLE.npz` beside `path`; NaN where unknown.

    files: all pictures below `path`, in the order of the rows wanted. Raises DataError where the
    file does not fit.
    """
    out = np.full((len(files), BLENDSHAPES), np.nan, dtype=np.float32)
    beside = path.resolve().parent / f"blendshapes_{title_of(path)}.npz"
    if not beside.is_file():
        return out
    found = load_npz(beside, ("name", "detected", "blendshapes"))
    need_width(beside, "blendshapes", found["blendshapes"], BLENDSHAPES)
    where = {str(name): row for row, name in enumerate(found["name"])}
    short = [str(PurePosixPath(file).with_suffix("")).removeprefix("images/") for file in files]
    for row, names in enumerate(zip(files, short)):
        for name in names:
            if name in where and found["detected"][where[name]]:
                out[row] = found["blendshapes"][where[name]]
                break
    return out
