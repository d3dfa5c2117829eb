"""What a picture file says of itself, read before anything is decoded.

OpenCV makes a half-grey picture of a cut JPEG without a word, and decodes up to 2^30 pixels; so the
size and the end of the file are looked at first.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass

KINDS = "JPEG, PNG, WebP, TIFF, BMP, GIF or PNM"


@dataclass(frozen=True)
class Header:
    """kind: as in KINDS. width, height: pixels declared. whole: the file runs to its own end."""

    kind: str
    width: int
    height: int
    whole: bool


def read_header(data: bytes) -> Header | None:
    """The header of a whole picture file; None if it is no picture of a known kind."""
    kind = picture_kind(data)
    if kind is None:
        return None
    if kind == "JPEG":
        return _jpeg(data)
    if kind == "PNG":
        return _png(data)
    try:
        width, height = _SIZES[kind](data)
    except struct.error:
        return Header(kind, 0, 0, False)
    return Header(kind, width, height, True)


def picture_kind(data: bytes) -> str | None:
    """Which of KINDS a file is by its first bytes (32 are enough); None if it is none of them."""
    for kind, pattern in _SIGNATURES.items():
        if pattern.match(data):
            return kind
    return None


def is_text(data: bytes) -> bool:
    """Whether the first bytes of a file are text rather than a picture or video."""
    return re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", data[:4096]) is None


_SIGNATURES = {
    "JPEG": re.compile(rb"\xff\xd8\xff"),
    "PNG": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "WebP": re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
    "TIFF": re.compile(rb"II\*\0|MM\0\*"),
    "BMP": re.compile(rb"BM.{12}(?:[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0)", re.DOTALL),
    "GIF": re.compile(rb"GIF8[79]a"),
    "PNM": re.compile(rb"P[1-6]\s"),
}

# In the coded data of a scan a 0xFF is followed by 0 (stuffed) or by a restart mark.
_JPEG_MARK = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])", re.DOTALL)
_JPEG_END, _JPEG_SCAN = 0xD9, 0xDA
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def _jpeg(data: bytes) -> Header:
    """Goes from segment to segment: the bytes of the end mark may also stand in a thumbnail."""
    width = height = 0
    at = 2
    while True:
        mark = _JPEG_MARK.search(data, at)
        if mark is None:
            return Header("JPEG", width, height, False)
        code = mark.group(1)[0]
        if code == _JPEG_END:
            return Header("JPEG", width, height, True)
        segment = data[mark.end() : mark.end() + 7]
        if len(segment) < 7:
            return Header("JPEG", width, height, False)
        if code in _JPEG_FRAMES:
            height, width = struct.unpack(">HH", segment[3:7])
        at = mark.end() + int.from_bytes(segment[:2], "big")


def _png(data: bytes) -> Header:
    width = height = 0
    at = 8
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        name, end = data[at + 4 : at + 8], at + 8 + length
        if zlib.crc32(data[at + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            break
        if name == b"IHDR" and length >= 8:
            width, height = struct.unpack_from(">II", data, at + 8)
        if name == b"IEND":
            return Header("PNG", width, height, True)
        at = end + 4
    return Header("PNG", width, height, False)


def _webp(data: bytes) -> tuple[int, int]:
    chunk = data[12:16]
    if chunk == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if chunk == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _tiff(data: bytes) -> tuple[int, int]:
    order = "<" if data[:2] == b"II" else ">"
    (directory,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, directory)
    size = {256: 0, 257: 0}
    for entry in range(directory + 2, directory + 2 + 12 * count, 12):
        tag, kind = struct.unpack_from(order + "HH", data, entry)
        if tag in size:
            (size[tag],) = struct.unpack_from(order + ("H" if kind == 3 else "I"), data, entry + 8)
    return size[256], size[257]


def _bmp(data: bytes) -> tuple[int, int]:
    if data[14] == 12:
        width, height = struct.unpack_from("<HH", data, 18)
    else:
        width, height = struct.unpack_from("<ii", data, 18)
    return abs(width), abs(height)


def _gif(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height


def _pnm(data: bytes) -> tuple[int, int]:
    found = re.match(rb"P[1-6](?:\s|#[^\n]*\n)+(\d{1,9})(?:\s|#[^\n]*\n)+(\d{1,9})\s", data)
    return (int(found.group(1)), int(found.group(2))) if found else (0, 0)


_SIZES = {"WebP": _webp, "TIFF": _tiff, "BMP": _bmp, "GIF": _gif, "PNM": _pnm}
