"""A camera at this machine."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path

import cv2

from edge.errors import SourceError
from edge.settings import SourceSettings
from edge.sources.capture import Capture
from edge.sources.live import LiveReader
from edge.sources.naming import shown
from edge.sources.picture import natural_order

LARGEST_RAW_PIXELS = 640 * 480
"""Above this, USB 2 is too slow for raw pictures and JPEGs are asked for."""


class CameraReader(LiveReader):
    """Reads a camera by its number ("0") or device file ("/dev/video0", "/dev/v4l/by-id/...").

    Raises SourceError when the camera
    is absent, forbidden, or gives no picture.
    """

    def __init__(self, camera: str, settings: SourceSettings) -> None:
        self.name = f"camera {shown(camera)}"
        linux = sys.platform.startswith("linux")
        if linux:
            _check_device(camera)
            # The V4L2 back-end takes its time-out from here only, in whole seconds.
            wait = str(math.ceil(settings.read_timeout_seconds))
            os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", wait)
        source = int(camera) if camera.isdecimal() else camera
        self._capture = Capture(source, cv2.CAP_V4L2 if linux else cv2.CAP_ANY)
        if settings.width_pixels * settings.height_pixels > LARGEST_RAW_PIXELS:
            self._capture.ask(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        self._capture.ask(cv2.CAP_PROP_FRAME_WIDTH, settings.width_pixels)
        self._capture.ask(cv2.CAP_PROP_FRAME_HEIGHT, settings.height_pixels)
        # The first picture is only a trial: it would be old by the time it is asked for.
        if not self._capture.opened or self._capture.image() is None:
            self.close()
            raise SourceError(
                f"{self.name} is there but gives no picture; close other programs that use it, "
                "or choose another with source.uri"
            )
        self.frames_per_second = self._capture.frames_per_second


def device_file(camera: str) -> Path:
    """Where Linux has the camera: 0 is /dev/video0."""
    return Path(f"/dev/video{int(camera)}" if camera.isdecimal() else camera)


def cameras(folder: Path = Path("/dev")) -> list[str]:
    """Device files of the cameras Linux knows, in natural order."""
    return [str(p) for p in sorted(folder.glob("video[0-9]*"), key=lambda p: natural_order(p.name))]


def _check_device(camera: str) -> None:
    """Tells apart what OpenCV reports alike. Raises SourceError."""
    device = device_file(camera)
    if not device.exists():
        there = cameras()
        advice = f"there are {', '.join(there)}" if there else "no camera is connected"
        raise SourceError(f"camera {shown(camera)} is absent: there is no {shown(device)}; {advice}")
    if not device.is_char_device():
        raise SourceError(f"{shown(device)} is no camera; give the number of one in source.uri")
    if not os.access(device, os.R_OK | os.W_OK):
        raise SourceError(
            f"camera {shown(camera)} may not be opened by this user; add the user to the group video"
        )
