"""A folder of pictures, or a single picture, as if it were a clip."""

from __future__ import annotations

import logging
from pathlib import Path

from edge.errors import PictureError, SourceError
from edge.sources.naming import shown
from edge.sources.picture import pictures_in, read_picture
from edge.types import Frame

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 1.0
"""From one picture to the next: long enough for each to be told on its own."""


class FolderReader:
    """One frame per picture of a folder in natural order, `interval_seconds` apart.

    What is no picture is passed over with a warning. Raises SourceError when no file of the
    folder can be read as a picture.
    """

    live = False

    def __init__(self, path: Path, interval_seconds: float = INTERVAL_SECONDS) -> None:
        self.name = shown(path)
        self.frames_per_second: float | None = 1 / interval_seconds
        self._interval_seconds = interval_seconds
        self._index = 0
        try:
            self._left = iter(pictures_in(path) if path.is_dir() else [path])
            self._next = self._frame(skip=path.is_dir())
        except PictureError as error:
            raise SourceError(str(error)) from error
        if self._next is None:
            raise SourceError(f"the folder {self.name} holds no picture that can be read; put pictures in it")

    def read(self) -> Frame | None:
        """The next picture; None after the last."""
        frame = self._next
        self._next = None if frame is None else self._frame(skip=True)
        return frame

    def close(self) -> None:
        self._next = None

    def _frame(self, *, skip: bool) -> Frame | None:
        for path in self._left:
            try:
                image = read_picture(path)
            except PictureError as error:
                if not skip:
                    raise
                log.warning("%s", error)
                continue
            frame = Frame(image, self._index, self._index * self._interval_seconds)
            self._index += 1
            return frame
        return None
