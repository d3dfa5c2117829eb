"""Pictures in a folder or in a .zip, by their path within it."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
import numpy.typing as npt

from edge.errors import PictureError
from edge.sources.header import KINDS, read_header
from edge.sources.picture import MOST_BYTES, MOST_PIXELS, natural_order
from edge.sources.quiet import quiet
from models.data.readers import DataError

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".pgm", ".ppm", ".pnm"}
)


class PictureStore:
    """What lies in a folder or archive. `names`: every file in it, in natural order, "/" between folders.

    Hidden files are left out. Raises DataError where there is neither folder nor .zip.
    """

    def __init__(self, path: Path, archive: zipfile.ZipFile | None) -> None:
        self.path = path
        self._archive = archive
        found = _members(archive) if archive else _files(path)
        self.names = tuple(sorted((n for n in found if not _hidden(n)), key=natural_order))

    @property
    def pictures(self) -> tuple[str, ...]:
        """Those of `names` that are pictures by their suffix."""
        return tuple(n for n in self.names if PurePosixPath(n).suffix.lower() in SUFFIXES)

    def read(self, name: str) -> bytes:
        """The bytes of a file. Raises PictureError where it cannot be read."""
        try:
            if self._archive is None:
                return (self.path / name).read_bytes()
            if self._archive.getinfo(name).file_size > MOST_BYTES:
                raise PictureError(f"{self.path}: {name} is too large for a picture")
            return self._archive.read(name)
        except KeyError as error:
            raise PictureError(f"{self.path}: there is no {name}") from error
        except OSError as error:
            raise PictureError(f"{self.path}: {name} cannot be read ({error.strerror or error})") from error
        # An archive raises RuntimeError for a member with a password.
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
            raise PictureError(f"{self.path}: {name} cannot be unpacked ({error})") from error

    def grey(self, name: str) -> npt.NDArray[np.uint8]:
        """A picture as uint8 [H, W]. Raises PictureError."""
        return self._decoded(name, cv2.IMREAD_GRAYSCALE)

    def colour(self, name: str) -> npt.NDArray[np.uint8]:
        """A picture as uint8 [H, W, 3] BGR. Raises PictureError."""
        return self._decoded(name, cv2.IMREAD_COLOR)

    def _decoded(self, name: str, how: int) -> npt.NDArray[np.uint8]:
        raw = self.read(name)
        header = read_header(raw)
        if header is None:
            what = "is empty" if not raw else f"is no {KINDS} file"
            raise PictureError(f"{self.path}: {name} {what}")
        if header.width * header.height > MOST_PIXELS:
            raise PictureError(f"{self.path}: {name} declares {header.width} by {header.height} pixels")
        if not header.whole or not header.width or not header.height:
            raise PictureError(f"{self.path}: {name} is a {header.kind} that is cut short or damaged")
        quiet()
        try:
            image = cv2.imdecode(np.frombuffer(raw, np.uint8), how)
        except (cv2.error, MemoryError) as error:
            raise PictureError(f"{self.path}: {name} is a damaged {header.kind}") from error
        if image is None:
            raise PictureError(f"{self.path}: {name} is a damaged {header.kind}")
        return np.ascontiguousarray(image, dtype=np.uint8)


@contextmanager
def open_store(path: Path) -> Iterator[PictureStore]:
    """A folder, or a .zip with the same in it. Raises DataError."""
    if path.is_dir():
        yield PictureStore(path, None)
        return
    if not path.exists():
        raise DataError(f"{path} is missing: give a folder of pictures or a .zip of one")
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise DataError(f"{path} is neither a folder nor a .zip that can be read ({error})") from error
    with archive:
        yield PictureStore(path, archive)


def _files(folder: Path) -> Iterator[str]:
    try:
        for path in folder.rglob("*"):
            if path.is_file():
                yield path.relative_to(folder).as_posix()
    except OSError as error:
        raise DataError(f"{folder} cannot be listed ({error.strerror})") from error


def _members(archive: zipfile.ZipFile) -> Iterator[str]:
    return (info.filename for info in archive.infolist() if not info.is_dir())


def _hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)
