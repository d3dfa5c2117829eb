"""A video file, frame by frame."""

from __future__ import annotations

from pathlib import Path

import cv2

from edge.errors import SourceError
from edge.sources.capture import Capture
from edge.sources.naming import shown
from edge.types import Frame

USUAL_FRAMES_PER_SECOND = 25.0


class ClipReader:
    """Reads a video file as fast as it is asked; a clip that is cut short ends where it is cut.

    captured_at: seconds since the clip's first frame by the container's time stamps, strictly
    increasing; where there are none, by the frame rate. Frames are turned as the file says.
    Raises SourceError when there is no picture in it.
    """

    live = False

    def __init__(self, path: Path) -> None:
        self.name = shown(path)
        # An absolute path, because FFmpeg takes what stands before a colon for a protocol.
        name = str(path.absolute())
        try:
            name.encode()
        except UnicodeEncodeError as error:
            raise SourceError(
                f"{self.name} has a name that is not UTF-8; give the clip another name"
            ) from error
        self._capture = Capture(name, cv2.CAP_FFMPEG)
        self._capture.ask(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
        self.frames_per_second = self._capture.frames_per_second
        self._index = 0
        self._at = 0.0
        self._start = 0.0
        self._next = self._frame()
        if self._next is None:
            self.close()
            raise SourceError(f"{self.name} is no video that can be read, or is damaged; give another file")

    def read(self) -> Frame | None:
        """The next frame; None at the end."""
        frame = self._next
        self._next = None if frame is None else self._frame()
        return frame

    def close(self) -> None:
        self._next = None
        self._capture.close()

    def _frame(self) -> Frame | None:
        image = self._capture.image()
        if image is None:
            return None
        stamp = self._capture.position_seconds
        if self._index == 0:
            self._start = stamp
        elif stamp - self._start > self._at:
            self._at = stamp - self._start
        else:
            self._at += 1 / (self.frames_per_second or USUAL_FRAMES_PER_SECOND)
        frame = Frame(image, self._index, self._at)
        self._index += 1
        return frame
