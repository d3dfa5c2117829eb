"""Faces that may be shipped: cut from the clips that come with facecue."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge import preprocess
from edge.clips import CLIPS
from edge.faces import FaceFinder
from edge.settings import FacesSettings
from edge.sources.clip import ClipReader

UInt8 = npt.NDArray[np.uint8]

GOLDEN_CLIPS = ("langer.mp4", "single_face.mp4")
EVERY = 12
"""Frames between two golden faces: neighbours hardly differ."""


def crops(size: int, every: int = EVERY) -> list[UInt8]:
    """Aligned grey faces of the bundled clips: uint8 [size, size] each."""
    finder = FaceFinder(FacesSettings())
    return [crop for name in GOLDEN_CLIPS for crop in _of_clip(CLIPS / name, finder, size, every)]


def _of_clip(path: Path, finder: FaceFinder, size: int, every: int) -> Iterator[UInt8]:
    reader = ClipReader(path)
    try:
        frame = reader.read()
        while frame is not None:
            faces = finder.find(frame) if frame.index % every == 0 else []
            if faces:
                crop = preprocess.align(frame.image, faces[0].landmarks, size)
                yield preprocess.net_input(crop, size)[0].astype(np.uint8)
            frame = reader.read()
    finally:
        reader.close()
