"""Keeps the chatter of OpenCV and FFmpeg off the terminal."""

from __future__ import annotations

import os

import cv2

SILENT = 0


def quiet() -> None:
    """Silence both libraries for this process; what they could say is raised as our own errors.

    OPENCV_LOG_LEVEL and OPENCV_FFMPEG_LOGLEVEL, where a user has set them, are left in charge.
    """
    # Read by OpenCV when it first opens something with FFmpeg, not when it is imported.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    if "OPENCV_LOG_LEVEL" not in os.environ:
        # OpenCV moved the function during its version 4.
        module = cv2 if hasattr(cv2, "setLogLevel") else cv2.utils.logging
        module.setLogLevel(SILENT)
