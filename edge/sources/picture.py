"""Reads single pictures, and tells bad ones from good ones."""

from __future__ import annotations

import os
import re
from pathlib import Path

import cv2
import numpy as np

from edge.errors import PictureError
from edge.sources.header import KINDS, Header, is_text, read_header
from edge.sources.naming import shown
from edge.sources.quiet import quiet
from edge.types import UInt8

MOST_PIXELS = 100_000_000
"""A picture that declares more is refused: a file of a few kilobytes could fill the memory."""
MOST_BYTES = 512 * 1024 * 1024


def read_picture(path: Path) -> UInt8:
    """A picture as uint8 [H, W, 3], BGR, turned as its EXIF orientation says.

    Grey, palette, 16-bit, CMYK and transparent pictures are converted; of an animation it is the
    first frame. Raises PictureError for whatever is not one whole picture.
    """
    data = _read(path)
    header = read_header(data)
    if header is None:
        what = "a text file" if is_text(data) else "no picture that can be read"
        raise PictureError(f"{shown(path)} is {what}; give a {KINDS} file")
    _check(path, header)
    quiet()
    fault = f"{shown(path)} is a {header.kind} that is damaged or of a rare sort; save it anew as JPEG or PNG"
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except (cv2.error, MemoryError) as error:
        raise PictureError(fault) from error
    if image is None:
        raise PictureError(fault)
    return np.ascontiguousarray(image, dtype=np.uint8)


def pictures_in(folder: Path) -> list[Path]:
    """Every file of a folder that is not hidden, picture or not, in natural order (2 before 10).

    Raises PictureError when the folder cannot be listed.
    """
    try:
        entries = [p for p in folder.iterdir() if not p.name.startswith(".") and p.is_file()]
    except OSError as error:
        raise PictureError(f"the folder {shown(folder)} cannot be listed: {error.strerror}") from error
    return sorted(entries, key=lambda p: natural_order(p.name))


def natural_order(name: str) -> tuple[list[str | int], str]:
    """Sort key under which numbers in names count as numbers."""
    parts = re.split(r"([0-9]+)", name.casefold())
    # Every second part is a number, so texts never meet numbers in a comparison.
    return [int(part) if i % 2 else part for i, part in enumerate(parts)], name


def _read(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise PictureError(f"{shown(path)} is a folder, not a picture; name a file in it")
        # Opening a pipe would wait for ever.
        if path.exists() and not path.is_file():
            raise PictureError(f"{shown(path)} is no ordinary file; give a {KINDS} file")
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > MOST_BYTES:
                raise PictureError(
                    f"{shown(path)} has {size >> 20} MiB, too many for a picture; "
                    f"give one of at most {MOST_BYTES >> 20} MiB"
                )
            data = file.read()
    except FileNotFoundError as error:
        raise PictureError(f"there is no picture {shown(path)}; check the name") from error
    except OSError as error:
        raise PictureError(f"{shown(path)} cannot be opened: {error.strerror}") from error
    if not data:
        raise PictureError(f"{shown(path)} is empty; copy the picture again")
    return data


def _check(path: Path, header: Header) -> None:
    if header.width * header.height > MOST_PIXELS:
        raise PictureError(
            f"{shown(path)} declares {header.width} by {header.height} pixels, which is too large; "
            f"give a picture of at most {MOST_PIXELS // 1_000_000} megapixels"
        )
    if not header.whole or not header.width or not header.height:
        raise PictureError(
            f"{shown(path)} is a {header.kind} that is cut short or damaged; copy the picture again"
        )
