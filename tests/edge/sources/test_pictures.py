from __future__ import annotations

import base64
import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import PictureError
from edge.sources.picture import pictures_in, read_picture

# 8 by 8 pixels of pure red, as a JPEG in CMYK (Adobe's inverted kind), which OpenCV cannot write.
RED_CMYK_JPEG = base64.b64decode(
    "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwAQCwwODAoQDg0OEhEQExgoGhgWFhgxIyUdKDozPTw5Mzg3QEhcTkBEV0U3OFBt"
    "UVdfYmdoZz5NcXlwZHhcZWdj/8AAFAgACAAIBEMRAE0RAFkRAEsRAP/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYH"
    "CAkKC//EALUQAAIBAwMCBAMFBQQEAAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBka"
    "JSYnKCkqNDU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeo"
    "qaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+v/aAA4EQwBNAFkASwAAPwD0CvP6"
    "8/r0Cv/Z"
)


def scene(width: int = 160, height: int = 120) -> np.ndarray:
    coarse = np.random.default_rng(7).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def encoded(kind: str, image: np.ndarray | None = None, *options: int) -> bytes:
    done, data = cv2.imencode(kind, scene() if image is None else image, list(options))
    assert done
    return data.tobytes()


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + entry + bytes(4)
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


def palette_png() -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    rows = zlib.compress(b"\0\0\1" + b"\0\1\0")
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 3, 0, 0, 0))
        + chunk(b"PLTE", bytes((255, 0, 0, 0, 0, 255)))
        + chunk(b"IDAT", rows)
        + chunk(b"IEND", b"")
    )


def declare(data: bytes, width: int, height: int) -> bytes:
    """The same PNG or JPEG with another size in its header."""
    out = bytearray(data)
    if data[:2] == b"\xff\xd8":
        at = data.index(b"\xff\xc0") + 5
        out[at : at + 4] = struct.pack(">HH", height, width)
    else:
        out[16:24] = struct.pack(">II", width, height)
        out[29:33] = struct.pack(">I", zlib.crc32(bytes(out[12:29])))
    return bytes(out)


def read(folder: Path, data: bytes, name: str = "picture") -> np.ndarray:
    path = folder / name
    path.write_bytes(data)
    return read_picture(path)


def refusal(folder: Path, data: bytes, name: str = "picture") -> str:
    with pytest.raises(PictureError) as caught:
        read(folder, data, name)
    message = str(caught.value)
    assert name in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize("kind", [".png", ".jpg", ".webp", ".tiff", ".bmp", ".ppm"])
def test_every_usual_kind_is_read(tmp_path: Path, kind: str) -> None:
    image = read(tmp_path, encoded(kind))
    assert image.dtype == np.uint8
    assert image.shape == (120, 160, 3)
    assert np.abs(image.astype(int) - scene()).mean() < 6


def test_other_pixel_formats_become_eight_bit_bgr(tmp_path: Path) -> None:
    grey = cv2.cvtColor(scene(), cv2.COLOR_BGR2GRAY)
    three_times_grey = np.repeat(grey[:, :, None], 3, axis=2)
    assert np.array_equal(read(tmp_path, encoded(".png", grey)), three_times_grey)
    sixteen = scene().astype(np.uint16) * 257
    assert np.array_equal(read(tmp_path, encoded(".png", sixteen)), scene())
    assert np.array_equal(read(tmp_path, encoded(".tiff", sixteen)), scene())
    transparent = cv2.cvtColor(scene(), cv2.COLOR_BGR2BGRA)
    assert np.array_equal(read(tmp_path, encoded(".png", transparent)), scene())
    red, blue = (0, 0, 255), (255, 0, 0)
    assert read(tmp_path, palette_png()).tolist() == [[list(red), list(blue)], [list(blue), list(red)]]
    cmyk = read(tmp_path, RED_CMYK_JPEG)
    assert cmyk.shape == (8, 8, 3)
    assert np.abs(cmyk.astype(int) - red).max() < 8


def test_exif_orientation_is_applied(tmp_path: Path) -> None:
    jpeg = encoded(".jpg")
    turned = read(tmp_path, with_orientation(jpeg, 6))
    upright = read(tmp_path, jpeg)
    assert turned.shape == (160, 120, 3)
    assert np.array_equal(turned, cv2.rotate(upright, cv2.ROTATE_90_CLOCKWISE))


@pytest.mark.parametrize("progressive", [0, 1])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.95, 0.999])
def test_cut_jpeg_is_refused(tmp_path: Path, part: float, progressive: int, capfd) -> None:
    data = encoded(".jpg", None, cv2.IMWRITE_JPEG_PROGRESSIVE, progressive)
    message = refusal(tmp_path, data[: int(len(data) * part)], "half.jpg")
    assert "cut short" in message
    assert capfd.readouterr().err == ""


def test_cut_jpeg_is_refused_though_its_thumbnail_is_whole(tmp_path: Path) -> None:
    thumbnail = encoded(".jpg", scene(16, 12))
    data = encoded(".jpg")
    data = data[:2] + b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail + data[2:]
    assert read(tmp_path, data).shape == (120, 160, 3)
    # Cut so that the last bytes are those of the thumbnail: an end mark, but not the picture's.
    assert "cut short" in refusal(tmp_path, data[: 6 + len(thumbnail)])
    assert "cut short" in refusal(tmp_path, data[: len(data) * 3 // 4])


@pytest.mark.parametrize(
    "tail",
    [b"\0" * 4096, b"\xff" * 64, b"\n", b"made by a phone \xff\xd8\xff\xe1 and so on"],
    ids=["zeros", "ones", "line", "text"],
)
def test_bytes_after_the_end_of_a_jpeg_do_no_harm(tmp_path: Path, tail: bytes) -> None:
    assert np.array_equal(read(tmp_path, encoded(".jpg") + tail), read(tmp_path, encoded(".jpg")))


@pytest.mark.parametrize("kind", [".png", ".webp", ".tiff", ".bmp", ".ppm"])
@pytest.mark.parametrize("part", [0.02, 0.5, 0.95])
def test_other_cut_pictures_are_refused(tmp_path: Path, kind: str, part: float, capfd) -> None:
    data = encoded(kind)
    refusal(tmp_path, data[: max(31, int(len(data) * part))], "half" + kind)
    assert capfd.readouterr().err == ""


def test_png_with_a_flipped_bit_is_refused_quietly(tmp_path: Path, capfd) -> None:
    data = bytearray(encoded(".png"))
    data[len(data) // 2] ^= 1
    assert "damaged" in refusal(tmp_path, bytes(data))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("kind", [".png", ".jpg"])
def test_absurd_sizes_are_refused_before_decoding(tmp_path: Path, kind: str) -> None:
    assert "too large" in refusal(tmp_path, declare(encoded(kind), 60000, 60000))
    # More than OpenCV itself would take.
    assert "too large" in refusal(tmp_path, declare(encoded(kind), 65535, 65535))


def test_absurd_sizes_of_other_kinds_are_refused(tmp_path: Path) -> None:
    assert "too large" in refusal(tmp_path, b"P5 50000 50000 255\n" + bytes(100))
    assert "too large" in refusal(tmp_path, b"GIF89a" + struct.pack("<HH", 60000, 60000) + bytes(100))
    bitmap = bytearray(encoded(".bmp"))
    bitmap[18:26] = struct.pack("<ii", 50000, -50000)
    assert "too large" in refusal(tmp_path, bytes(bitmap))
    extended = b"RIFF\0\1\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + b"\xff\xff\0" * 2 + bytes(50)
    assert "too large" in refusal(tmp_path, extended)
    entries = struct.pack("<HHII", 256, 4, 1, 50000) + struct.pack("<HHII", 257, 4, 1, 50000)
    assert "too large" in refusal(tmp_path, b"II*\0\x08\0\0\0\2\0" + entries + bytes(50))


def test_smallest_and_large_pictures_are_fine(tmp_path: Path) -> None:
    dot = np.full((1, 1, 3), 77, np.uint8)
    assert np.array_equal(read(tmp_path, encoded(".png", dot)), dot)
    assert read(tmp_path, encoded(".jpg", dot)).shape == (1, 1, 3)
    assert read(tmp_path, encoded(".jpg", np.zeros((4000, 5000, 3), np.uint8))).shape == (4000, 5000, 3)


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    assert "empty" in refusal(tmp_path, b"", "nothing.jpg")
    assert "text file" in refusal(tmp_path, "Grüße\n".encode() * 20, "notes.jpg")
    assert "no picture" in refusal(tmp_path, bytes(range(256)) * 8, "data.jpg")
    with pytest.raises(PictureError, match="folder"):
        read_picture(tmp_path)
    with pytest.raises(PictureError, match="there is no picture"):
        read_picture(tmp_path / "absent.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(PictureError, match="no ordinary file"):
        read_picture(tmp_path / "pipe.jpg")


def test_any_name_will_do(tmp_path: Path) -> None:
    assert read(tmp_path, encoded(".jpg"), "Frau Müller, 笑顔 1.jpg").shape == (120, 160, 3)
    strange = tmp_path / os.fsdecode(b"not utf-8 \xff\nand a new line.jpg")
    strange.write_bytes(b"")
    with pytest.raises(PictureError) as caught:
        read_picture(strange)
    assert str(caught.value).isprintable()
    str(caught.value).encode("utf-8")


def test_files_of_a_folder_come_in_natural_order(tmp_path: Path) -> None:
    for name in ("face10.png", "Face2.png", "face1.png", "notes.txt", ".hidden.png"):
        (tmp_path / name).touch()
    (tmp_path / "more").mkdir()
    assert [p.name for p in pictures_in(tmp_path)] == ["face1.png", "Face2.png", "face10.png", "notes.txt"]
    with pytest.raises(PictureError, match="cannot be listed"):
        pictures_in(tmp_path / "absent")
