"""What a camera does to a face, done to a training picture.

Training crops are small, grey and well lit; a camera gives large, blurred, off-centre and badly
lit ones. Each function takes and returns uint8 grey pictures; the random generator is passed in.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

UInt8 = npt.NDArray[np.uint8]


def degrade(image: UInt8, size: int, rng: np.random.Generator) -> UInt8:
    """One random view of a face crop: uint8 [H, W] -> uint8 [size, size].

    Rotated by up to 14 degrees, scaled by 0.85-1.15, shifted by up
    to 10 %; lost resolution, blur, gamma, contrast, JPEG, noise and a patch erased, each sometimes.
    """
    view: npt.NDArray[Any] = _warp(image, size, rng)
    if rng.random() < 0.25:
        small = int(rng.integers(max(20, size // 4), max(21, size * 3 // 4)))
        view = cv2.resize(cv2.resize(view, (small, small), interpolation=cv2.INTER_AREA), (size, size))
    if rng.random() < 0.15:
        view = cv2.GaussianBlur(view, (0, 0), float(rng.uniform(0.4, 0.02 * size)))
    value = view.astype(np.float32) / 255.0
    if rng.random() < 0.6:
        value = value ** float(np.exp(rng.uniform(-0.5, 0.5)))
        value = (value - 0.5) * float(np.exp(rng.uniform(-0.45, 0.3))) + 0.5 + float(rng.uniform(-0.15, 0.15))
    if rng.random() < 0.15:
        value = value + rng.normal(0, rng.uniform(0.01, 0.05), value.shape).astype(np.float32)
    view = np.clip(value * 255.0, 0, 255).astype(np.uint8)
    if rng.random() < 0.15:
        ok, packed = cv2.imencode(".jpg", view, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 80))])
        if ok:
            view = np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)
    if rng.random() < 0.35:
        height, width = (int(v) for v in rng.integers(size // 8, size // 3, 2))
        top, left = int(rng.integers(0, size - height)), int(rng.integers(0, size - width))
        view = view.copy()
        view[top : top + height, left : left + width] = int(rng.integers(0, 255))
    return np.asarray(view, dtype=np.uint8)


def _warp(image: UInt8, size: int, rng: np.random.Generator) -> UInt8:
    height, width = image.shape
    angle = float(rng.uniform(-14, 14))
    base = size / max(height, width)
    scale = base * float(np.exp(rng.uniform(np.log(0.85), np.log(1.15))))
    if base < 0.75:
        # warpAffine reads four neighbours: shrink by area first, as edge.preprocess does.
        image = np.asarray(cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        scale, height, width = scale / base, size, size
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, scale)
    shift = rng.uniform(-0.1, 0.1, 2) * size
    centre = np.array([size / 2 - width / 2, size / 2 - height / 2])
    matrix[:, 2] = np.asarray(matrix[:, 2]) + centre + shift
    border = cv2.BORDER_REPLICATE if rng.random() < 0.5 else cv2.BORDER_CONSTANT
    warped = cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=border)
    return np.asarray(warped, dtype=np.uint8)
