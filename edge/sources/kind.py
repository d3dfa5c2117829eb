"""Whether a file is to be read as one picture or as a clip."""

from __future__ import annotations

from pathlib import Path

from edge.sources.header import is_text, picture_kind

HEAD_BYTES = 4096


def is_clip(path: Path) -> bool:
    """True for a file that holds something, but neither text nor a still picture.

    What cannot be opened counts as a picture: its reader says best what is wrong.
    """
    if not path.is_file():  # a named pipe would block for ever
        return False
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
    except (OSError, ValueError):
        return False
    # A GIF may move; a still one makes a clip of one frame.
    return bool(head) and picture_kind(head) in (None, "GIF") and not is_text(head)
