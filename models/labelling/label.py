"""Blendshapes of a whole set of pictures, chunk by chunk, so that a kill costs one chunk."""

from __future__ import annotations

import hashlib
import io
import logging
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from edge.errors import FacecueError, PictureError
from models.labelling.landmarker import PACKAGES, PROGRAM, REQUIREMENTS, Found, Landmarker, LandmarkerDied
from models.labelling.pictures import Pictures

log = logging.getLogger(__name__)

CHUNK = 256
"""Pictures between two files written: a few seconds of work."""


class LabelError(FacecueError, RuntimeError):
    """Nothing could be labelled."""


@dataclass(frozen=True)
class Labelled:
    """What came of it. faults: a sentence for each picture that could not be read or labelled."""

    path: Path
    pictures: int
    detected: int
    faults: tuple[str, ...]


def label(pictures: Pictures, path: Path) -> Labelled:
    """Write `blendshapes_*.npz` of all pictures; goes on where an earlier call was cut off.

    Until it is whole the chunks lie in `PATH.part/`. A picture that cannot be read, or at which
    MediaPipe dies, is a row without a face and a sentence in `faults`. Raises LabelError,
    SideEnvironmentError.
    """
    work = path.with_name(path.name + ".part")
    _take_over(work, pictures)
    chunks = [range(first, min(first + CHUNK, len(pictures))) for first in range(0, len(pictures), CHUNK)]
    with Landmarker(work) as landmarker:
        bar = tqdm(total=len(pictures), desc=path.stem, unit="picture", mininterval=2)
        with bar:
            for number, rows in enumerate(chunks):
                if _loaded(work / f"{number:05d}.npz", len(rows)) is None:
                    _find(landmarker, pictures, rows, work, f"{number:05d}")
                bar.update(len(rows))
        names = landmarker.names
    parts = [_loaded(work / f"{n:05d}.npz", len(rows)) for n, rows in enumerate(chunks)]
    found = _joined([part for part in parts if part is not None])
    faults = tuple(line for n in range(len(chunks)) for line in _read_faults(work, f"{n:05d}"))
    if len(faults) == len(pictures):
        raise LabelError(f"no picture could be read; the first: {faults[0]}")
    columns: dict[str, npt.NDArray[Any]] = {
        **pictures.keys,
        "detected": found.detected,
        "blendshapes": found.blendshapes,
        "blendshape_names": np.array(names),
    }
    if pictures.landmarks:
        columns["landmarks5"] = found.landmarks5
    write_npz(path, columns)
    shutil.rmtree(work)
    return Labelled(path, len(pictures), int(found.detected.sum()), faults)


def write_npz(path: Path, columns: dict[str, npt.NDArray[Any]]) -> None:
    """The file appears whole or not at all."""
    packed = io.BytesIO()
    np.savez_compressed(packed, **columns)  # type: ignore[arg-type]
    part = path.with_name(path.name + ".tmp")
    part.write_bytes(packed.getbuffer())
    part.replace(path)


def _take_over(work: Path, pictures: Pictures) -> None:
    """Chunks of the same pictures, made the same way, count; others are thrown away."""
    asked = "\n".join(
        [*REQUIREMENTS, *PACKAGES, PROGRAM.read_text(encoding="utf-8"), str(CHUNK), *pictures.names]
    )
    stamp = hashlib.sha256(asked.encode("utf-8", "surrogateescape")).hexdigest()
    if work.is_dir() and _text(work / "stamp") != stamp:
        shutil.rmtree(work)
    work.mkdir(parents=True, exist_ok=True)
    (work / "stamp").write_text(stamp, encoding="utf-8")


def _find(landmarker: Landmarker, pictures: Pictures, rows: Sequence[int], work: Path, name: str) -> None:
    readable, images, faults = [], [], []
    for place, row in enumerate(rows):
        try:
            images.append(pictures.read(row))
            readable.append(place)
        except PictureError as error:
            faults.append(str(error))
            log.warning("%s", error)
    out = Found.nothing(len(rows))
    for place, found in zip(readable, _each(landmarker, name, images)):
        if isinstance(found, str):
            faults.append(f"{pictures.names[rows[place]]}: MediaPipe died at it ({found})")
            log.warning("%s", faults[-1])
            continue
        out.detected[place] = found.detected[0]
        out.blendshapes[place] = found.blendshapes[0]
        out.landmarks5[place] = found.landmarks5[0]
    (work / f"{name}.faults").write_text("\0".join(faults), encoding="utf-8", errors="surrogateescape")
    # Last: with it the chunk counts as done.
    write_npz(work / f"{name}.npz", vars(out))


def _each(landmarker: Landmarker, name: str, images: list[npt.NDArray[np.uint8]]) -> Iterator[Found | str]:
    """What was found in each picture, or the last words of a MediaPipe that died at this one."""
    if not images:
        return
    try:
        path = landmarker.find(f"{name}-raw", images)
    except LandmarkerDied as died:
        if len(images) == 1:
            yield str(died)
            return
        for image in images:
            yield from _each(landmarker, name, [image])
        return
    with np.load(path) as columns:
        found = Found.of({key: columns[key] for key in columns.files})
    path.unlink()
    for row in range(len(images)):
        one = slice(row, row + 1)
        yield Found(found.detected[one], found.blendshapes[one], found.landmarks5[one])


def _loaded(path: Path, count: int) -> Found | None:
    """A chunk of an earlier call, if it is whole."""
    if not path.is_file():
        return None
    try:
        with np.load(path) as columns:
            found = Found.of({key: columns[key] for key in columns.files})
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None
    return found if len(found.detected) == count else None


def _joined(parts: list[Found]) -> Found:
    return Found(
        np.concatenate([p.detected for p in parts]),
        np.concatenate([p.blendshapes for p in parts]),
        np.concatenate([p.landmarks5 for p in parts]),
    )


def _read_faults(work: Path, name: str) -> list[str]:
    return [line for line in _text(work / f"{name}.faults").split("\0") if line]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="surrogateescape") if path.is_file() else ""
