"""Opening data files with errors that name the file and what is wrong with it."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.errors import FacecueError

BLENDSHAPES = 52
"""Outputs of MediaPipe's face landmarker."""


class DataError(FacecueError, ValueError):
    """A data file is missing or does not hold what its reader needs."""


def cause(error: Exception) -> str:
    """What a library says went wrong, without the lines of advice that some add."""
    return str(error).strip().partition("\n")[0] or type(error).__name__


def load_npz(path: Path, columns: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    """The named columns of an .npz file; all must be there and equally long."""
    out = _arrays(path, columns)
    lengths = {c: len(v) for c, v in out.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(f"the columns of {path} differ in length: {_listed(lengths.items())}")
    return out


def load_names(path: Path, key: str) -> tuple[str, ...]:
    """A list of names that stands beside the columns of an .npz file."""
    return tuple(str(name) for name in _arrays(path, [key])[key])


def need_width(path: Path, column: str, values: npt.NDArray[Any], width: int) -> None:
    """Raise DataError unless `values` is a table [N, width]."""
    if values.ndim != 2 or values.shape[1] != width:
        raise DataError(f"{path}: {column} has the shape {values.shape}, not (N, {width})")


def need_pictures(path: Path, images: npt.NDArray[Any]) -> None:
    """Raise DataError unless `images` is uint8 [N, H, W]."""
    if images.dtype != np.uint8 or images.ndim != 3:
        raise DataError(f"{path}: images is {images.dtype} {images.shape}, not uint8 (N, H, W)")


def _arrays(path: Path, columns: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    if not path.is_file():
        raise DataError(f"{path} is missing: give the folder that holds it with --data")
    try:
        # Opened here, because numpy leaves a file that it cannot read open.
        with path.open("rb") as stream:
            archive = np.load(stream, allow_pickle=False)
            if isinstance(archive, np.ndarray):
                raise ValueError("it is a single array")
            absent = [c for c in columns if c not in archive.files]
            out = {c: np.atleast_1d(archive[c]) for c in columns if c not in absent}
            held = list(archive.files)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError) as error:
        raise DataError(f"{path} cannot be read as .npz ({cause(error)})") from error
    if absent:
        raise DataError(f"{path} has no column {', '.join(absent)}; it has {', '.join(held)}")
    return out


def _listed(items: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {count}" for name, count in items)
