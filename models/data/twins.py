"""Pictures that are the same picture: exactly, or after a little cropping, light or compression."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
UInt8 = npt.NDArray[np.uint8]

SIDE = 16
ALIKE = 0.95
"""Correlation of two pictures at 16 px, brightness and contrast taken off, from which they are candidates: a
shift by one pixel of 48 leaves that much of most faces."""
SAME = 0.995
"""...and at 48 px, at the best of shifts by up to SHIFT pixels, from which they are the same picture."""
SHIFT = 3
BLOCK = 2048


def find(first: Sequence[UInt8], second: Sequence[UInt8]) -> list[tuple[int, int]]:
    """Pairs (row of first, row of second) that show the same picture.

    first, second: uint8 [H, W] grey, of any size. Pictures without contrast are nobody's twin.
    """
    a, b = _signatures(first, SIDE), _signatures(second, SIDE)
    pairs = []
    for begin in range(0, len(a), BLOCK):
        likeness = a[begin : begin + BLOCK] @ b.T
        for i, j in zip(*np.nonzero(likeness >= ALIKE)):
            if _same(first[begin + int(i)], second[int(j)]):
                pairs.append((begin + int(i), int(j)))
    return pairs


def _same(first: UInt8, second: UInt8) -> bool:
    large = cv2.resize(first, (48, 48), interpolation=cv2.INTER_AREA)
    other = cv2.resize(second, (48, 48), interpolation=cv2.INTER_AREA)
    # The inner part of one, slid over the other: a crop that is off by a few pixels is still the same.
    found = cv2.matchTemplate(other, large[SHIFT:-SHIFT, SHIFT:-SHIFT], cv2.TM_CCOEFF_NORMED)
    return float(found.max()) >= SAME


def _signatures(images: Sequence[UInt8], side: int) -> Float32:
    """float32 [N, side * side], of length 1; zero for an empty picture or one without contrast."""
    out = np.zeros((len(images), side * side), dtype=np.float32)
    for row, image in enumerate(images):
        if not image.size:
            continue
        small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
        small -= small.mean()
        length = float(np.linalg.norm(small))
        if length > side:
            out[row] = small / length
    return out
