"""Labeled Faces in the Wild: press photographs, used as faces whose units the teacher labels."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edge.facs import ACTION_UNITS
from models.data.faceset import FaceSet
from models.data.readers import DataError, load_npz


def read(folder: Path) -> tuple[FaceSet, npt.NDArray[np.bool_]]:
    """Every picture of `lfw_expressions.zip` in which the teacher found a face.

    Returns the set (subjects: the person's name) and which pictures are labelled neutral, bool
    [N]. The emotion labels are too noisy for more than that (92 % neutral or happy).
    """
    path = folder / "lfw_expressions.zip"
    extra = load_npz(folder / "blendshapes_lfw.npz", ("name", "detected", "blendshapes"))
    images, blendshapes, subjects, neutral = [], [], [], []
    try:
        with zipfile.ZipFile(path) as archive:
            table = io.StringIO(archive.read("labels.csv").decode())
            labels = {row["file"]: row["emotion"] for row in csv.DictReader(table)}
            for name, detected, shapes in zip(extra["name"], extra["detected"], extra["blendshapes"]):
                if not detected:
                    continue
                raw = np.frombuffer(archive.read(f"images/{name}.jpg"), dtype=np.uint8)
                image = cv2.imdecode(raw, cv2.IMREAD_GRAYSCALE)
                if image is None:
                    raise DataError(f"{path}: images/{name}.jpg cannot be decoded")
                images.append(np.asarray(image, dtype=np.uint8))
                blendshapes.append(shapes.astype(np.float32))
                subjects.append(str(name).rsplit("_", 1)[0])
                neutral.append(labels.get(f"{name}.jpg") == "neutral")
    except (OSError, zipfile.BadZipFile, KeyError) as error:
        raise DataError(f"{path} cannot be read ({error})") from error
    count = len(images)
    faces = FaceSet(
        "lfw",
        images,
        np.full((count, len(ACTION_UNITS)), np.nan, dtype=np.float32),
        np.full((count, 8), np.nan, dtype=np.float32),
        np.stack(blendshapes),
        np.array(subjects),
        np.ones(count, dtype=np.float32),
    )
    return faces, np.array(neutral)
