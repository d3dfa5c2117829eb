"""Chooses the reader for what the user named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from edge.errors import SourceError
from edge.settings import SourceSettings
from edge.sources.base import FrameReader
from edge.sources.camera import CameraReader
from edge.sources.clip import ClipReader
from edge.sources.folder import FolderReader
from edge.sources.header import is_text, picture_kind
from edge.sources.naming import SCHEME, shown, without_credentials
from edge.sources.picamera import NAME as PICAMERA
from edge.sources.picamera import PiCameraReader
from edge.sources.repeated import Repeated
from edge.sources.stream import PORTS, StreamReader
from edge.sources.turned import Turned

MOVING = (".gif", ".mjpeg", ".mjpg")
"""Names of clips that begin like a picture."""
MOST_PATIENCE_TIMES = 4.0
"""A stream that was given up while opening gets up to so many times open_timeout_seconds."""


def is_live(uri: str) -> bool:
    """Whether the pictures of a source come on their own time: a camera or a stream."""
    return _is_camera(uri) or _is_picamera(uri) or SCHEME.match(uri) is not None


def open_source(settings: SourceSettings, uri: str | None = None) -> FrameReader:
    """Open a camera, stream, clip, folder or picture; `uri` goes before `settings.uri`.

    Turned and mirrored, and a clip or folder repeated, as the settings say. Raises SourceError, in one
    sentence, when it gives no picture.
    """
    uri = settings.uri if uri is None else uri
    if not uri:
        raise SourceError("no source is named; give a camera number, a file or an address in source.uri")
    reader = Repeated(lambda: _open(settings, uri)) if _repeats(settings, uri) else _open(settings, uri)
    if settings.rotate_degrees or settings.mirror:
        return Turned(reader, settings.rotate_degrees, settings.mirror)
    return reader


class Opener:
    """Opens one source again and again; a slow one is given more time with every failure.

    A short time-out finds a dead camera soon, but some in the network send nothing before their next whole
    picture, seconds away.
    """

    def __init__(self, settings: SourceSettings) -> None:
        self._settings = settings
        self._times = 1.0

    def __call__(self) -> FrameReader:
        """Raises SourceError, as open_source()."""
        patience = self._times * self._settings.open_timeout_seconds
        try:
            reader = open_source(replace(self._settings, open_timeout_seconds=patience))
        except SourceError:
            self._times = min(2.0 * self._times, MOST_PATIENCE_TIMES)
            raise
        self._times = 1.0
        return reader


def _repeats(settings: SourceSettings, uri: str) -> bool:
    return settings.repeat and not is_live(uri)


def _open(settings: SourceSettings, uri: str) -> FrameReader:
    if _is_camera(uri):
        return CameraReader(uri, settings)
    if _is_picamera(uri):
        return PiCameraReader(uri, settings)
    if SCHEME.match(uri):
        scheme = uri.partition("://")[0].lower()
        if scheme not in PORTS:
            raise SourceError(f"{without_credentials(uri)} cannot be read; {', '.join(PORTS)} addresses can")
        return StreamReader(uri, settings)
    return _open_path(Path(uri))


def _is_picamera(uri: str) -> bool:
    return PICAMERA.fullmatch(uri) is not None and not Path(uri).exists()


def _is_camera(uri: str) -> bool:
    return (uri.isascii() and uri.isdecimal()) or uri.startswith("/dev/")


def _open_path(path: Path) -> FrameReader:
    try:
        path = path.expanduser()
        if path.is_dir():
            return FolderReader(path)
        if path.exists() and not path.is_file():
            raise SourceError(f"{shown(path)} is no ordinary file; give a clip, a picture or a folder")
        with path.open("rb") as file:
            head = file.read(4096)
    except FileNotFoundError as error:
        raise SourceError(f"there is no file or folder {shown(path)}; check the name") from error
    except SourceError:
        raise
    except (OSError, ValueError, RuntimeError) as error:
        why = error.strerror if isinstance(error, OSError) else "the name is not possible"
        raise SourceError(f"{shown(path)} cannot be opened: {why}") from error
    if not head:
        raise SourceError(f"{shown(path)} is empty; copy the file again")
    if picture_kind(head) and path.suffix.lower() not in MOVING:
        return FolderReader(path)
    # FFmpeg would show the letters of a text as a film.
    if is_text(head):
        raise SourceError(f"{shown(path)} is a text file; give a video, a picture or a folder of pictures")
    return ClipReader(path)
