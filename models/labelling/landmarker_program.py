"""Runs in the landmarker's own environment, imports nothing of facecue, and talks in lines.

Started with the model's path in a folder of its own, it says "ready" and the 52 blendshapes' names
once it has loaded. Then it reads names of chunks: NAME.in.npz holds pictures "0", "1", ... (uint8
[H, W] grey or [H, W, 3] BGR); into NAME.npz it writes detected bool [N], blendshapes float16
[N, 52], landmarks5 float16 [N, 5, 2] (in widths and heights of the picture: both eyes, tip of the
nose, both corners of the mouth; the one on the left of the picture first) and says "done". Rows
without a face are zero.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import cv2
import mediapipe as mp  # type: ignore[import-not-found]
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision  # type: ignore[import-not-found]
from mediapipe.tasks.python.vision import face_landmarker  # type: ignore[import-not-found]

SIDE = 256
"""The picture's longer side is brought to this many pixels: 48 px are too few for the detector."""
MARGIN = 64
"""Black pixels around it: the detector wants to see that a face ends."""
OUTER_INNER_EYES = ((33, 133), (362, 263))
NOSE_AND_MOUTH = (1, 61, 291)


def prepared(picture: np.ndarray) -> tuple[np.ndarray, int, int]:
    """uint8 RGB as the landmarker gets it, and the width and height of the face crop within it."""
    height, width = picture.shape[:2]
    scale = SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    resized = cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC if scale >= 1 else cv2.INTER_AREA)
    m = MARGIN
    framed = cv2.copyMakeBorder(resized, m, m, m, m, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    code = cv2.COLOR_GRAY2RGB if framed.ndim == 2 else cv2.COLOR_BGR2RGB
    return np.ascontiguousarray(cv2.cvtColor(framed, code)), size[0], size[1]


def five_points(mesh: list[Any], width: int, height: int) -> np.ndarray:
    """The five landmarks of edge.faces, from the 478 of the mesh. float64 [5, 2]."""
    points = np.array([[p.x, p.y] for p in mesh])
    points = points * [width + 2 * MARGIN, height + 2 * MARGIN] - MARGIN
    eyes = [points[list(pair)].mean(axis=0) for pair in OUTER_INNER_EYES]
    return np.stack([*eyes, *points[list(NOSE_AND_MOUTH)]]) / [width, height]


def label(landmarker: vision.FaceLandmarker, pictures: list[np.ndarray]) -> dict[str, np.ndarray]:
    count = len(pictures)
    detected = np.zeros(count, bool)
    blendshapes = np.zeros((count, 52), np.float16)
    landmarks = np.zeros((count, 5, 2), np.float16)
    for row, picture in enumerate(pictures):
        image, width, height = prepared(picture)
        found = landmarker.detect(mp.Image(image_format=mp.ImageFormat.SRGB, data=image))
        if found.face_blendshapes:
            detected[row] = True
            blendshapes[row] = [c.score for c in found.face_blendshapes[0]]
            landmarks[row] = five_points(found.face_landmarks[0], width, height)
    return {"detected": detected, "blendshapes": blendshapes, "landmarks5": landmarks}


def shape_names() -> list[str]:
    """MediaPipe's names in its order: _neutral, browDownLeft, ..."""
    names = []
    for shape in face_landmarker.Blendshapes:
        first, *others = shape.name.lower().split("_")
        names.append("_neutral" if first == "neutral" else first + "".join(o.title() for o in others))
    return names


def main(model: str) -> None:
    # MediaPipe's libraries write to standard output as they like; the answers have their own way out.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=model), output_face_blendshapes=True, num_faces=1
    )
    with vision.FaceLandmarker.create_from_options(options) as landmarker:
        answers.write(f"ready {' '.join(shape_names())}\n")
        for line in sys.stdin:
            name = line.strip()
            with np.load(f"{name}.in.npz") as archive:
                pictures = [archive[str(i)] for i in range(len(archive.files))]
            part = Path(f"{name}.part")
            with part.open("wb") as stream:
                np.savez(stream, **label(landmarker, pictures))  # type: ignore[arg-type]
            part.replace(f"{name}.npz")
            answers.write("done\n")


if __name__ == "__main__":
    main(sys.argv[1])
