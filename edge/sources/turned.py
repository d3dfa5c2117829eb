"""Pictures of a camera that hangs upside down, on its side, or looks into a mirror."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from edge.sources.base import FrameReader
from edge.types import Frame, UInt8

TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


class Turned:
    """The frames of another reader, turned clockwise and then mirrored."""

    def __init__(self, reader: FrameReader, degrees: int, mirror: bool) -> None:
        self._reader = reader
        self._degrees = degrees
        self._mirror = mirror
        self.live = reader.live
        self.name = reader.name
        self.frames_per_second = reader.frames_per_second

    def read(self) -> Frame | None:
        frame = self._reader.read()
        return (
            None if frame is None else replace(frame, image=turned(frame.image, self._degrees, self._mirror))
        )

    def close(self) -> None:
        self._reader.close()


def turned(image: UInt8, degrees: int, mirror: bool) -> UInt8:
    """uint8 [H, W, 3]; degrees: 0, 90, 180 or 270, clockwise. mirror: left and right are swapped."""
    if degrees:
        image = np.asarray(cv2.rotate(image, TURNS[degrees]), dtype=np.uint8)
    if mirror:
        image = np.asarray(cv2.flip(image, 1), dtype=np.uint8)
    return image
