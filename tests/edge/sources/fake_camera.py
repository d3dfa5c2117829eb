"""A USB camera as cv2.VideoCapture shows it, for machines that have none."""

from __future__ import annotations

import threading

import cv2
import numpy as np
from mjpeg_server import draw_number


class FakeCamera:
    """Takes numbered pictures of the size asked for; can be busy, unplugged, hang or send broken ones."""

    def __init__(self) -> None:
        self.source: int | str | None = None
        self.busy = False
        self.plugged = True
        self.going = threading.Event()
        self.going.set()
        self.reading = threading.Event()
        self.broken_pictures = 0
        self.properties: dict[int, float] = {cv2.CAP_PROP_FPS: 30.0}
        self.taken = 0

    def __call__(self) -> FakeCamera:
        """Stands for the class itself, too."""
        return self

    def open(self, source: int | str, backend: int, parameters: list[int]) -> bool:
        self.source = source
        return True

    def set(self, wish: int, value: float) -> bool:
        self.properties[wish] = value
        return True

    def get(self, wish: int) -> float:
        return self.properties.get(wish, 0.0)

    def grab(self) -> bool:
        if self.source is None or self.busy or not self.plugged:
            return False
        self.reading.set()
        self.going.wait()
        self.taken += 1
        return True

    def retrieve(self) -> tuple[bool, np.ndarray | None]:
        if self.broken_pictures:
            self.broken_pictures -= 1
            return False, None
        size = (int(self.get(cv2.CAP_PROP_FRAME_WIDTH)), int(self.get(cv2.CAP_PROP_FRAME_HEIGHT)))
        return True, cv2.resize(draw_number(self.taken), size, interpolation=cv2.INTER_NEAREST)

    def release(self) -> None:
        self.source = None
