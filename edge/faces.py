"""Where faces are in a picture: YuNet (Wu et al. 2023) through OpenCV."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from edge.errors import ModelError
from edge.settings import FacesSettings
from edge.types import Box, Face, Float32, Frame

DETECTOR = Path(__file__).parent / "assets" / "face_detection_yunet_2023mar.onnx"
OVERLAP = 0.3
"""Boxes that overlap more are the same face (the value of YuNet's authors)."""
LEAST_SIDE = 64
"""Where a side has a single cell of YuNet's coarsest grid (32 px), OpenCV 4.14 answers with memory it
never wrote: boxes anywhere, of any size."""
MOST_BEYOND = 3.0
"""A face so near that it fills the picture has a box larger than it, but not by more than this."""


class FaceFinder:
    """Finds faces, nearest (largest) first. Raises ModelError if the detector is not installed."""

    def __init__(self, settings: FacesSettings) -> None:
        self._settings = settings
        if not DETECTOR.is_file():
            raise ModelError(f"the face detector {DETECTOR} is missing: install facecue again")
        self._detector = cv2.FaceDetectorYN.create(
            str(DETECTOR), "", (320, 320), settings.least_score, OVERLAP, 200
        )

    def find(self, frame: Frame) -> list[Face]:
        """Faces of at least least_size_pixels, at most most_faces of them."""
        height, width = frame.image.shape[:2]
        scale = min(1.0, self._settings.detect_side_pixels / max(height, width))
        image = frame.image
        if scale < 1.0:
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        pad_right, pad_below = (max(0, LEAST_SIDE - side) for side in (image.shape[1], image.shape[0]))
        if pad_right or pad_below:
            image = np.asarray(
                cv2.copyMakeBorder(image, 0, pad_below, 0, pad_right, cv2.BORDER_REPLICATE), dtype=np.uint8
            )
        self._detector.setInputSize((image.shape[1], image.shape[0]))
        _, rows = self._detector.detect(image)
        faces = [_face(row / np.float32(1.0), scale) for row in (rows if rows is not None else [])]
        faces = [f for f in faces if _plausible(f.box, width, height)]
        large = [f for f in faces if min(f.box.width, f.box.height) >= self._settings.least_size_pixels]
        large.sort(key=lambda f: f.box.width * f.box.height, reverse=True)
        return large[: self._settings.most_faces]


def _plausible(box: Box, width: int, height: int) -> bool:
    """Whether a face may be there: its middle in the picture (not in what was added), and no giant."""
    x, y = box.centre
    inside = 0 <= x < width and 0 <= y < height
    return inside and max(box.width, box.height) <= MOST_BEYOND * min(width, height)


def _face(row: Float32, scale: float) -> Face:
    x, y, width, height = (float(v) / scale for v in row[:4])
    landmarks = (row[4:14].reshape(5, 2) / scale).astype(np.float32)
    return Face(Box(x, y, width, height), landmarks, float(row[14]))
