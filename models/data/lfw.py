"""Labeled Faces in the Wild: press photographs, used as faces whose units the teacher labels."""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edge.facs import UNIT_COLUMNS
from models.data.faceset import FaceSet
from models.data.readers import BLENDSHAPES, DataError, load_npz, need_width


def read(folder: Path) -> tuple[FaceSet, npt.NDArray[np.bool_]]:
    """Every picture of `lfw_expressions.zip` in which the teacher found a face.

    Returns the set (subjects: the person's name) and which pictures are labelled neutral, bool
    [N]. The emotion labels are too noisy for more than that (92 % neutral or happy).
    """
    path = folder / "lfw_expressions.zip"
    found = folder / "blendshapes_lfw.npz"
    extra = load_npz(found, ("name", "detected", "blendshapes"))
    need_width(found, "blendshapes", extra["blendshapes"], BLENDSHAPES)
    if not extra["detected"].any():
        raise DataError(f"{found} has no detected face")
    if not path.is_file():
        raise DataError(f"{path} is missing: give the folder that holds it with --data")
    images, blendshapes, subjects, neutral = [], [], [], []
    try:
        with zipfile.ZipFile(path) as archive:
            labels = _labels(path, archive.read("labels.csv"))
            for name, detected, shapes in zip(extra["name"], extra["detected"], extra["blendshapes"]):
                if not detected:
                    continue
                images.append(_grey(path, f"images/{name}.jpg", archive))
                blendshapes.append(shapes.astype(np.float32))
                subjects.append(str(name).rsplit("_", 1)[0])
                neutral.append(labels.get(f"{name}.jpg") == "neutral")
    except KeyError as error:
        raise DataError(f"{path} is incomplete: {error.args[0]}") from error
    except (OSError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path} cannot be read ({error})") from error
    count = len(images)
    faces = FaceSet(
        "lfw",
        images,
        np.full((count, len(UNIT_COLUMNS)), np.nan, dtype=np.float32),
        np.full((count, 8), np.nan, dtype=np.float32),
        np.stack(blendshapes),
        np.array(subjects),
        np.ones(count, dtype=np.float32),
    )
    return faces, np.array(neutral)


def _labels(path: Path, raw: bytes) -> dict[str, str]:
    rows = csv.DictReader(io.StringIO(raw.decode("utf-8", "replace")))
    absent = [c for c in ("file", "emotion") if c not in (rows.fieldnames or ())]
    if absent:
        raise DataError(f"{path}: labels.csv has no column {', '.join(absent)}")
    return {row["file"]: row["emotion"] for row in rows}


def _grey(path: Path, name: str, archive: zipfile.ZipFile) -> npt.NDArray[np.uint8]:
    raw = np.frombuffer(archive.read(name), dtype=np.uint8)
    # An empty buffer is an assertion inside OpenCV, not None.
    image = cv2.imdecode(raw, cv2.IMREAD_GRAYSCALE) if raw.size else None
    if image is None:
        raise DataError(f"{path}: {name} is no picture that can be decoded")
    return np.asarray(image, dtype=np.uint8)
