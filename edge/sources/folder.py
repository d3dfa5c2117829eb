"""A folder of pictures, or a single picture, as if it were a clip."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from edge.errors import PictureError, SourceError
from edge.sources.naming import shown
from edge.sources.picture import pictures_in, read_picture
from edge.types import Frame, UInt8

log = logging.getLogger(__name__)

FRAMES_PER_SECOND = 5.0
"""Each picture comes several times: what is said of a face must have lasted."""
FRAMES_PER_PICTURE = 8
"""As many as a person and then an attitude need to be told of."""
INTERVAL_SECONDS = 2.5
"""From one picture to the next. Between the last frame of one and the first of the next lies more
than CueSettings.absent_seconds, so that the face of each is somebody of its own."""


class FolderReader:
    """The pictures of a folder in natural order, each shown for a while, then none for a while.

    What is no picture is passed over with a warning. Raises SourceError when no file of the
    folder can be read as a picture.
    """

    live = False

    def __init__(self, path: Path) -> None:
        self.name = shown(path)
        self.frames_per_second: float | None = FRAMES_PER_SECOND
        self._index = 0
        try:
            self._images = _images(path)
            self._image = next(self._images, None)
        except PictureError as error:
            raise SourceError(str(error)) from error
        if self._image is None:
            raise SourceError(f"the folder {self.name} holds no picture that can be read; put pictures in it")

    def read(self) -> Frame | None:
        """The next frame; None after the last of the last picture."""
        if self._image is None:
            return None
        picture, repeated = divmod(self._index, FRAMES_PER_PICTURE)
        at = picture * INTERVAL_SECONDS + repeated / FRAMES_PER_SECOND
        frame = Frame(self._image, self._index, at)
        self._index += 1
        if self._index % FRAMES_PER_PICTURE == 0:
            self._image = next(self._images, None)
        return frame

    def close(self) -> None:
        self._image = None


def _images(path: Path) -> Iterator[UInt8]:
    """Each picture, decoded once; a single one that cannot be read raises PictureError."""
    if not path.is_dir():
        yield read_picture(path)
        return
    for file in pictures_in(path):
        try:
            image = read_picture(file)
        except PictureError as error:
            log.warning("%s", error)
        else:
            yield image
