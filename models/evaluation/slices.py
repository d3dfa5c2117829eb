"""The same face, worse: pictures as a camera, a lamp or a hand would leave them.

Every slice is a pure function of the picture, without chance, so that two models, or one model on
two days, meet the same bytes. What lies outside a crop is not known: turned, shifted and shrunk
pictures repeat their border, as `edge.preprocess.align` does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

UInt8 = npt.NDArray[np.uint8]

RENDERED_SIDE = 96
"""Smaller pictures are warped straight to this side, so that they are interpolated once, not twice."""
WARM_LIGHT = (0.70, 0.95, 1.15)
"""Gains of blue, green and red under a filament lamp, about 2,900 K against daylight."""
EYES_COVERED = (0.10, 0.28, 0.90, 0.50)
"""Left, top, right, bottom as shares of the side: the breadth of a hand over both eyes."""
MOUTH_COVERED = (0.20, 0.62, 0.80, 0.95)
"""The same over mouth and chin."""


@dataclass(frozen=True)
class Slice:
    """One way of being worse: `degrade` takes uint8 [H, W] grey, gives uint8 [H, W] or [H, W, 3] BGR."""

    name: str
    group: str
    degrade: Callable[[UInt8], UInt8]


def resized(image: UInt8, side: int) -> UInt8:
    """The picture at another size: by area when shrinking, linearly when growing. uint8 [side, side]."""
    method = cv2.INTER_AREA if side < max(image.shape[:2]) else cv2.INTER_LINEAR
    return _uint8(cv2.resize(image, (side, side), interpolation=method))


def upscaled(image: UInt8, side: int) -> UInt8:
    """A face that was only `side` pixels wide, enlarged again to the size it had: uint8 [H, W]."""
    height, width = image.shape[:2]
    return _uint8(cv2.resize(resized(image, side), (width, height), interpolation=cv2.INTER_LINEAR))


def blurred(image: UInt8, share: float) -> UInt8:
    """Out of focus: a Gaussian whose deviation is a share of the picture's side. uint8 [H, W]."""
    return _uint8(cv2.GaussianBlur(image, (0, 0), share * max(image.shape[:2])))


def dimmed(image: UInt8, gain: float, gamma: float = 1.0) -> UInt8:
    """Underexposed: (value ** gamma) * gain on 0..1, rounded to whole grey levels. uint8 [H, W]."""
    value = (image.astype(np.float32) / 255.0) ** gamma * gain
    return _uint8(np.round(np.clip(value, 0.0, 1.0) * 255.0))


def moved(
    image: UInt8, degrees: float = 0.0, scale: float = 1.0, right: float = 0.0, down: float = 0.0
) -> UInt8:
    """Badly cropped: turned (anticlockwise) and scaled about the middle, then shifted.

    image: uint8 [H, H]. right, down: shares of the side. Returns uint8 [S, S] with S the greater of
    H and RENDERED_SIDE.
    """
    side = max(image.shape[:2])
    out = max(side, RENDERED_SIDE)
    zoom = out / side * scale
    angle = np.deg2rad(degrees)
    turn = zoom * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    # The middle of a picture of n pixels lies at (n - 1) / 2: OpenCV counts from centres of pixels.
    middle = np.array([(side - 1) / 2.0, (side - 1) / 2.0])
    target = np.array([(out - 1) / 2.0 + right * out, (out - 1) / 2.0 + down * out])
    matrix = np.hstack([turn, (target - turn @ middle)[:, None]])
    return _uint8(
        cv2.warpAffine(image, matrix, (out, out), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    )


def covered(image: UInt8, box: tuple[float, float, float, float]) -> UInt8:
    """A patch in the picture's median grey (about that of skin) over `box` (shares of the side)."""
    height, width = image.shape[:2]
    left, top, right, bottom = box
    view = image.copy()
    rows = slice(round(top * height), round(bottom * height))
    view[rows, round(left * width) : round(right * width)] = int(np.median(image))
    return view


def coloured(image: UInt8, gains: tuple[float, float, float]) -> UInt8:
    """A grey picture as BGR under light of this colour: uint8 [H, W] -> uint8 [H, W, 3]."""
    value = image.astype(np.float32)[:, :, None] * np.array(gains, dtype=np.float32)
    return _uint8(np.round(np.clip(value, 0.0, 255.0)))


def compressed(image: UInt8, quality: int) -> UInt8:
    """Packed as a JPEG of this quality (1..100) and unpacked. uint8 [H, W]."""
    ok, packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not ok:
        raise ValueError(f"a picture of the shape {image.shape} cannot be packed as JPEG")
    return _uint8(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE))


def _uint8(array: Any) -> UInt8:
    return np.asarray(array, dtype=np.uint8)


def _slices() -> tuple[Slice, ...]:
    found = [Slice(f"{side} px", "size", partial(resized, side=side)) for side in (32, 48, 64, 96, 160)]
    found.append(Slice("24 px upscaled", "size", partial(upscaled, side=24)))
    found += [
        Slice(f"blur {share:.1%}", "blur", partial(blurred, share=share)) for share in (0.015, 0.03, 0.045)
    ]
    found += [
        Slice("half the light", "darkness", partial(dimmed, gain=0.5)),
        Slice("a quarter of the light", "darkness", partial(dimmed, gain=0.25)),
        Slice("gamma 2.5", "darkness", partial(dimmed, gain=1.0, gamma=2.5)),
    ]
    found += [
        Slice(f"turned {degrees:+d} degrees", "rotation", partial(moved, degrees=float(degrees)))
        for degrees in (-12, -6, 6, 12)
    ]
    for share in (0.05, 0.10):
        found += [
            Slice(f"{share:.0%} to the right", "shift", partial(moved, right=share)),
            Slice(f"{share:.0%} to the left", "shift", partial(moved, right=-share)),
            Slice(f"{share:.0%} down", "shift", partial(moved, down=share)),
            Slice(f"{share:.0%} up", "shift", partial(moved, down=-share)),
        ]
    found += [Slice(f"scale {scale:.1f}", "scale", partial(moved, scale=scale)) for scale in (0.9, 1.1)]
    found += [
        Slice("eyes covered", "occlusion", partial(covered, box=EYES_COVERED)),
        Slice("mouth covered", "occlusion", partial(covered, box=MOUTH_COVERED)),
        Slice("grey in three channels", "colour", partial(coloured, gains=(1.0, 1.0, 1.0))),
        Slice("warm light in colour", "colour", partial(coloured, gains=WARM_LIGHT)),
        Slice("JPEG quality 50", "JPEG", partial(compressed, quality=50)),
        Slice("JPEG quality 20", "JPEG", partial(compressed, quality=20)),
    ]
    return tuple(found)


UNDISTURBED = Slice("undisturbed", "none", np.copy)
SLICES: tuple[Slice, ...] = _slices()
"""Every slice, in the order of the report."""
