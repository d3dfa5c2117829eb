"""How far a face can be read at all: size, sharpness, light, and whether it faces the camera."""

from __future__ import annotations

import cv2
import numpy as np

from edge.types import Face, Float32, UInt8

FULL_SIZE_PIXELS = 64.0
"""Faces this wide or wider lose nothing by their size."""
FULL_SHARPNESS = 60.0
"""Variance of the Laplacian on a 64 px crop above which a picture is sharp enough."""
PROFILE = 0.5
"""Offset of the nose from the middle of the eyes, in eye distances, at which a face is a profile."""
CHECK_SIDE = 64


def of_crop(crop: UInt8) -> float:
    """Quality 0..1 of a picture that is a face already: the worst of size, sharpness and light."""
    return _worst(min(crop.shape[:2]) / FULL_SIZE_PIXELS, *_sharpness_and_light(crop))


def of_face(face: Face, crop: UInt8) -> float:
    """Quality 0..1 of a detected face (crop: the aligned one), its turning away included."""
    size = min(face.box.width, face.box.height) / FULL_SIZE_PIXELS
    return _worst(size, facing(face.landmarks), *_sharpness_and_light(crop))


def _sharpness_and_light(crop: UInt8) -> tuple[float, float]:
    grey = crop if crop.ndim == 2 else cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, (CHECK_SIDE, CHECK_SIDE), interpolation=cv2.INTER_AREA)
    sharpness = float(cv2.Laplacian(small, cv2.CV_64F).var()) / FULL_SHARPNESS
    mean, deviation = float(np.mean(small)), float(np.std(small))
    light = min(mean / 50.0, (255.0 - mean) / 30.0, deviation / 20.0)
    return sharpness, light


def _worst(*grades: float) -> float:
    return float(np.clip(min(grades), 0.0, 1.0))


def facing(landmarks: Float32) -> float:
    """1 for a face turned to the camera, 0 for a profile. landmarks: float32 [5, 2]."""
    left, right, nose = landmarks[0], landmarks[1], landmarks[2]
    across = right - left
    distance = float(np.hypot(*across))
    if distance < 1e-3:
        return 0.0
    middle = (left + right) / 2
    offset = abs(float(np.dot(nose - middle, across))) / distance**2
    return float(np.clip((PROFILE - offset) / (PROFILE * 0.6), 0.0, 1.0))
