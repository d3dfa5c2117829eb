"""An annotated video or contact sheet: the one place where pixels are written, and only on request."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import cv2
import numpy as np

from edge.drawing import annotated
from edge.errors import SourceError
from edge.pipeline import Step
from edge.types import Frame, UInt8

VIDEO_CODES = {".mp4": "mp4v", ".avi": "MJPG"}
PICTURES = (".png", ".jpg", ".jpeg")
VIDEO_RATE = 24.0
SHEET_SECONDS = 0.5
"""Time between two pictures of a contact sheet."""
SHEET_COLUMNS = 6
SHEET_WIDTH = 320
MOST_TILES = 120


class Recording:
    """Collects annotated frames into the file whose ending says what it is to be.

    Raises SourceError if the ending is unknown or the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._suffix = path.suffix.lower()
        if self._suffix not in (*VIDEO_CODES, *PICTURES):
            raise SourceError(f"--save: {path} must end in {', '.join((*VIDEO_CODES, *PICTURES))}")
        if not path.parent.is_dir():
            raise SourceError(f"--save: there is no folder {path.parent}")
        self._video: cv2.VideoWriter | None = None
        self._tiles: list[UInt8] = []
        self._standing: UInt8 | None = None
        self._written = 0
        self._begin: float | None = None

    def add(self, frame: Frame, step: Step) -> None:
        """Take one frame. In a video it stands as long as it stood on the screen."""
        if self._begin is None:
            self._begin = frame.captured_at
        elapsed = frame.captured_at - self._begin
        if self._suffix in PICTURES:
            if elapsed >= len(self._tiles) * SHEET_SECONDS and len(self._tiles) < MOST_TILES:
                self._tiles.append(self._tile(annotated(frame, step)))
            return
        image = annotated(frame, step)
        height, width = image.shape[:2] if self._standing is None else self._standing.shape[:2]
        if self._video is None:
            code = cv2.VideoWriter.fourcc(*VIDEO_CODES[self._suffix])
            self._video = cv2.VideoWriter(str(self.path), code, VIDEO_RATE, (width, height))
            if not self._video.isOpened():
                raise SourceError(f"--save: {self.path} cannot be written")
        if self._standing is not None:
            while self._written < round(elapsed * VIDEO_RATE):
                self._video.write(self._standing)
                self._written += 1
        self._standing = _fitted(image, width, height)

    def __enter__(self) -> Recording:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._video is not None:
            if self._standing is not None:
                self._video.write(self._standing)
            self._video.release()
        elif self._tiles:
            blank = np.zeros_like(self._tiles[0])
            missing = -len(self._tiles) % SHEET_COLUMNS
            tiles = self._tiles + [blank] * missing
            rows = [np.hstack(tiles[i : i + SHEET_COLUMNS]) for i in range(0, len(tiles), SHEET_COLUMNS)]
            if not cv2.imwrite(str(self.path), np.vstack(rows)) and kind is None:
                raise SourceError(f"--save: {self.path} cannot be written")

    def _tile(self, image: UInt8) -> UInt8:
        first = self._tiles[0] if self._tiles else image
        return _fitted(image, SHEET_WIDTH, max(1, round(first.shape[0] * SHEET_WIDTH / first.shape[1])))


def _fitted(image: UInt8, width: int, height: int) -> UInt8:
    """The whole picture, as large as it fits in width x height; the rest is black."""
    if image.shape[:2] == (height, width):
        return image
    scale = min(width / image.shape[1], height / image.shape[0])
    across, down = (max(1, round(side * scale)) for side in (image.shape[1], image.shape[0]))
    out = np.zeros((height, width, 3), dtype=np.uint8)
    out[:down, :across] = cv2.resize(image, (across, down), interpolation=cv2.INTER_AREA)
    return out
