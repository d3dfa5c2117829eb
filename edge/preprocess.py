"""From a picture to the bytes the net sees: the only place where that is written.

Training, export and the runtime import these functions, so the net meets the same bytes on the
device as it met in training.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]

TEMPLATE = np.array(
    [[0.325, 0.390], [0.675, 0.390], [0.500, 0.612], [0.355, 0.766], [0.645, 0.766]],
    dtype=np.float32,
)
"""Where the five landmarks stand in an aligned crop, as fractions of its side.

Order: eye, eye, nose tip, mouth corner, mouth corner, left to right in the picture. The values
are the mean of `landmarks5` of `blendshapes_ferplus.npz`, mirrored and averaged, so that an
aligned crop is framed like the pictures the net was trained on.
"""


def align(image: UInt8, landmarks: Float32, size: int) -> UInt8:
    """Cut the face out of a picture, upright and at the scale the net was trained on.

    image: uint8 [H, W, 3] BGR or [H, W] grey. landmarks: float32 [5, 2] pixels, in the order of
    TEMPLATE. size: side of the crop in pixels. Returns uint8 [size, size(, 3)]; parts outside the
    picture repeat its border. Raises ValueError if the landmarks coincide.
    Method: least-squares similarity transform (Umeyama 1991).
    """
    matrix = similarity(landmarks.astype(np.float64), TEMPLATE.astype(np.float64) * size)
    # Shrinking without a prior blur aliases: bring big faces near the target size first.
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < 0.5:
        factor = 2.0 * scale
        image = np.asarray(
            cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA),
            dtype=np.uint8,
        )
        matrix[:, :2] /= factor
    return _uint8(
        cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    )


def similarity(source: npt.NDArray[np.float64], target: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The rotation, scale and shift that best carries `source` onto `target`.

    source, target: float64 [N, 2]. Returns float64 [2, 3]. Raises ValueError if the source points
    coincide. Source: Umeyama 1991, without reflection.
    """
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    a, b = source - source_mean, target - target_mean
    variance = float((a**2).sum())
    if not np.isfinite(variance) or variance < 1e-6:
        raise ValueError("the five landmarks of this face coincide")
    cosine = float((a * b).sum()) / variance
    sine = float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / variance
    matrix = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0]])
    matrix[:, 2] = target_mean - matrix[:, :2] @ source_mean
    return matrix


def fit(image: UInt8, size: int) -> UInt8:
    """Resize a crop to the net's side. uint8 [H, W(, 3)] -> uint8 [size, size(, 3)]."""
    height, width = image.shape[:2]
    if (height, width) == (size, size):
        return image
    shrinking = height > size or width > size
    method = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    return _uint8(cv2.resize(image, (size, size), interpolation=method))


def net_input(crop: UInt8, size: int) -> Float32:
    """A face crop as the net takes it: grey on three channels, 0..255.

    crop: uint8 [H, W, 3] BGR or [H, W] grey. Returns float32 [3, size, size]. Mean and scale are
    inside the net. Grey, because the FACS-coded training pictures are grey: what the net never
    saw must not change its answer.
    """
    grey = crop if crop.ndim == 2 else _uint8(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY))
    fitted = fit(grey, size).astype(np.float32)
    return np.ascontiguousarray(np.broadcast_to(fitted, (3, size, size)))


def _uint8(array: Any) -> UInt8:
    return np.asarray(array, dtype=np.uint8)
