"""Opening data files with errors that name the file and what is missing."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.errors import FacecueError


class DataError(FacecueError, ValueError):
    """A data file is missing or does not hold what its reader needs."""


def load_npz(path: Path, columns: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    """The named columns of an .npz file; all must be there and equally long."""
    if not path.is_file():
        raise DataError(f"{path} is missing: give the folder that holds it with --data")
    try:
        with np.load(path, allow_pickle=False) as archive:
            absent = [c for c in columns if c not in archive.files]
            if absent:
                raise DataError(
                    f"{path} has no column {', '.join(absent)}; it has {', '.join(archive.files)}"
                )
            out = {c: archive[c] for c in columns}
    except (zipfile.BadZipFile, OSError, EOFError) as error:
        raise DataError(f"{path} cannot be read as .npz ({error})") from error
    lengths = {c: len(v) for c, v in out.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(f"the columns of {path} differ in length: {lengths}")
    return out
