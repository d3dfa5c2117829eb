"""How far a face can be read at all: size, sharpness, light, and whether it faces the camera."""

from __future__ import annotations

from dataclasses import dataclass

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
DARK, LIGHT_LEFT, CONTRAST = 50.0, 30.0, 20.0
"""Grey levels: a mean above this is light enough, so far below white not too bright; the deviation."""
LIGHT = ("too_dark", "too_bright")
LIGHT_NEEDED = 0.5


@dataclass(frozen=True)
class Grade:
    """How far a face can be read, and what stands in the way most.

    value: 0..1, the worst of all that is looked at. reason: which it is, as a key of
    edge.cues.catalogue: too_far, turned_away, too_blurred, too_dark, too_bright.
    """

    value: float
    reason: str


def graded(face: Face, crop: UInt8) -> Grade:
    """Of a detected face (crop: the aligned one), its turning away included."""
    grades = {
        "too_far": min(face.box.width, face.box.height) / FULL_SIZE_PIXELS,
        "turned_away": facing(face.landmarks),
        **_picture(crop),
    }
    worst = min(grades, key=lambda name: grades[name])
    # Without light nothing is sharp: to wipe the lens would not help.
    if worst == "too_blurred":
        light = min(LIGHT, key=lambda name: grades[name])
        if grades[light] < LIGHT_NEEDED:
            return Grade(_worst(grades[worst]), light)
    return Grade(_worst(grades[worst]), worst)


def of_crop(crop: UInt8) -> float:
    """Quality 0..1 of a picture that is a face already: the worst of size, sharpness and light."""
    return _worst(min(crop.shape[:2]) / FULL_SIZE_PIXELS, *_picture(crop).values())


def of_face(face: Face, crop: UInt8) -> float:
    """Quality 0..1 of a detected face (crop: the aligned one), its turning away included."""
    return graded(face, crop).value


def _picture(crop: UInt8) -> dict[str, float]:
    grey = crop if crop.ndim == 2 else cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, (CHECK_SIDE, CHECK_SIDE), interpolation=cv2.INTER_AREA)
    mean, contrast = float(np.mean(small)), float(np.std(small)) / CONTRAST
    return {
        "too_blurred": float(cv2.Laplacian(small, cv2.CV_64F).var()) / FULL_SHARPNESS,
        "too_dark": min(mean / DARK, contrast if mean < 128.0 else 1.0),
        "too_bright": min((255.0 - mean) / LIGHT_LEFT, contrast if mean >= 128.0 else 1.0),
    }


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
