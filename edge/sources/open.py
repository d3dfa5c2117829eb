"""Chooses the reader for what the user named."""

from __future__ import annotations

from pathlib import Path

from edge.errors import SourceError
from edge.settings import SourceSettings
from edge.sources.base import FrameReader
from edge.sources.camera import CameraReader
from edge.sources.clip import ClipReader
from edge.sources.folder import FolderReader
from edge.sources.header import is_text, picture_kind
from edge.sources.naming import SCHEME, shown, without_credentials
from edge.sources.stream import PORTS, StreamReader

MOVING = (".gif", ".mjpeg", ".mjpg")
"""Names of clips that begin like a picture."""


def is_live(uri: str) -> bool:
    """Whether the pictures of a source come on their own time: a camera or a stream."""
    return _is_camera(uri) or SCHEME.match(uri) is not None


def open_source(settings: SourceSettings, uri: str | None = None) -> FrameReader:
    """Open a camera, stream, clip, folder or picture; `uri` goes before `settings.uri`.

    Raises SourceError, in one sentence, when it gives no picture.
    """
    uri = settings.uri if uri is None else uri
    if not uri:
        raise SourceError("no source is named; give a camera number, a file or an address in source.uri")
    if _is_camera(uri):
        return CameraReader(uri, settings)
    if SCHEME.match(uri):
        scheme = uri.partition("://")[0].lower()
        if scheme not in PORTS:
            raise SourceError(f"{without_credentials(uri)} cannot be read; {', '.join(PORTS)} addresses can")
        return StreamReader(uri, settings)
    return _open_path(Path(uri))


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
