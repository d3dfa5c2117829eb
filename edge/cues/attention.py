"""Which of several faces is spoken of: the nearest, most central one that looks here."""

from __future__ import annotations

from edge.quality import facing
from edge.types import Face

OFF_CENTRE = 0.5
"""A face at the picture's edge weighs this much less than one in the middle."""
TURNED_AWAY = 0.6
"""A profile weighs this much less than a face that looks at the camera."""


def weight(face: Face, width_pixels: float | None = None) -> float:
    """Over 0, larger for who is nearer, more central and more turned to the camera.

    width_pixels: of the picture; without it the middle is not known, and nobody is more central.
    Nearness counts most: it goes by the face's area, the others scale that.
    """
    off = 0.0
    if width_pixels is not None:
        off = min(1.0, abs(face.box.centre[0] / max(width_pixels, 1.0) - 0.5) * 2.0)
    size = max(face.box.width, 1.0) * max(face.box.height, 1.0)
    return size * (1.0 - OFF_CENTRE * off) * (1.0 - TURNED_AWAY * (1.0 - facing(face.landmarks)))
