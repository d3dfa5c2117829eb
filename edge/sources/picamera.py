"""A camera at the ribbon of a Raspberry Pi, through picamera2 (Debian's package, no wheel)."""

from __future__ import annotations

import importlib
import re
import time
from typing import Any

import numpy as np

from edge.errors import SourceError
from edge.settings import SourceSettings
from edge.types import Frame

NAME = re.compile(r"picamera(?::([0-9]{1,2}))?")
"""picamera, or picamera:1 for the second."""


class PiCameraReader:
    """Reads frames of libcamera; a read that takes longer than read_timeout_seconds is a lost camera.

    Raises SourceError where picamera2 is not installed, or the camera gives no picture.
    """

    live = True

    def __init__(self, uri: str, settings: SourceSettings) -> None:
        found = NAME.fullmatch(uri)
        number = int((found and found.group(1)) or 0)
        self.name = f"camera {uri}"
        self.frames_per_second: float | None = None
        self._timeout = settings.read_timeout_seconds
        self._index = 0
        self._camera: Any = None
        try:
            module = importlib.import_module("picamera2")
        except ImportError as error:
            raise SourceError(
                f"{self.name} needs picamera2: apt install python3-picamera2, and an environment made with "
                "--system-site-packages; or use the camera by its number through libcamerify"
            ) from error
        try:
            self._camera = module.Picamera2(number)
            # What libcamera calls RGB888 lies in memory as BGR.
            main = {"format": "RGB888", "size": (settings.width_pixels, settings.height_pixels)}
            self._camera.configure(self._camera.create_video_configuration(main=main))
            self._camera.start()
        except Exception as error:  # libcamera raises what it likes
            self.close()
            why = str(error).strip() or type(error).__name__
            raise SourceError(f"{self.name} cannot be opened ({why}); check its cable") from error
        if self.read() is None:
            self.close()
            raise SourceError(f"{self.name} is there but gives no picture; check its cable")

    def read(self) -> Frame | None:
        """The next picture; None when the camera failed or was silent for too long."""
        camera = self._camera
        if camera is None:
            return None
        try:
            job = camera.capture_array("main", wait=False)
            image = camera.wait(job, timeout=self._timeout)
        except Exception:  # its own time-out among them; what follows is a lost source
            return None
        frame = Frame(np.ascontiguousarray(image[:, :, :3], dtype=np.uint8), self._index, time.monotonic())
        self._index += 1
        return frame

    def close(self) -> None:
        camera, self._camera = self._camera, None
        if camera is not None:
            camera.close()
