"""The boundary to cv2.VideoCapture."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence

import cv2
import numpy as np

from edge.sources.quiet import quiet
from edge.types import UInt8

BAD_PICTURES_IN_A_ROW = 10
"""Pictures that cannot be decoded are passed over up to this many: USB cameras send a few."""


class Capture:
    """An open cv2.VideoCapture, or one that could not be opened; raises nothing of cv2.

    close() may be called from another thread: OpenCV crashes when a capture is released under a
    read, so a read in progress goes to its end and then releases it.
    """

    def __init__(self, source: int | str, backend: int, parameters: Sequence[int] = ()) -> None:
        quiet()
        self._busy = threading.Lock()
        self._closed = False
        self._native = cv2.VideoCapture()
        try:
            # OpenCV crashes on a name that is not UTF-8.
            str(source).encode()
            self.opened = bool(self._native.open(source, backend, list(parameters)))
        except (cv2.error, UnicodeEncodeError):
            self.opened = False

    def image(self) -> UInt8 | None:
        """The next picture, uint8 [H, W, 3], BGR; None at the end or when the source fails."""
        with self._busy:
            image = None if self._closed else self._read()
        if self._closed:
            self.close()
        return image

    def _read(self) -> UInt8 | None:
        for _ in range(BAD_PICTURES_IN_A_ROW):
            try:
                if not self._native.grab():
                    return None
                there, image = self._native.retrieve()
            except cv2.error:
                there, image = False, None
            if there and image is not None and image.size:
                return np.ascontiguousarray(image, dtype=np.uint8)
        return None

    def ask(self, wish: int, value: float) -> None:
        """Set a property; a device that does not know it goes on without."""
        self._native.set(wish, value)

    @property
    def position_seconds(self) -> float:
        """Time stamp of the last picture, 0 where the container has none."""
        position = self._native.get(cv2.CAP_PROP_POS_MSEC) / 1000
        return position if math.isfinite(position) else 0.0

    @property
    def frames_per_second(self) -> float | None:
        """The rate declared; None if it is nothing a camera or film would have."""
        rate = self._native.get(cv2.CAP_PROP_FPS)
        return rate if 0.1 <= rate <= 1000 else None

    def close(self) -> None:
        self._closed = True
        if self._busy.acquire(blocking=False):
            try:
                self._native.release()
            finally:
                self._busy.release()
