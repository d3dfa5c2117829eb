"""What is wrong with a data file is told in one sentence that names the file."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from miniature import change

from models.data import ckplus, ferplus, lfw
from models.data.faceset import FaceSet
from models.data.readers import DataError

Read = Callable[[Path], Any]


def train(folder: Path) -> Any:
    return ferplus.read(folder, "train")


READERS: list[tuple[str, Read]] = [
    ("ferplus.npz", train),
    ("blendshapes_ferplus.npz", train),
    ("ckplus_128.npz", ckplus.read),
    ("ckplus_48.npz", ckplus.read),
    ("blendshapes_ckplus_128.npz", ckplus.read),
    ("lfw_expressions.zip", lfw.read),
    ("blendshapes_lfw.npz", lfw.read),
]
NEEDED = [pair for pair in READERS if pair[0] in ("ferplus.npz", "ckplus_128.npz", "blendshapes_lfw.npz")]


def refusal(read: Read, folder: Path, file: str) -> str:
    """The message, after checks that hold for all of them."""
    with pytest.raises(DataError) as caught:
        read(folder)
    message = str(caught.value)
    assert str(folder / file) in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize(("file", "read"), [*NEEDED, ("lfw_expressions.zip", lfw.read)])
def test_a_missing_file(own_data: Path, file: str, read: Read) -> None:
    (own_data / file).unlink()
    assert "is missing: give the folder that holds it with --data" in refusal(read, own_data, file)


@pytest.mark.parametrize("damage", ["no bytes", "other bytes", "cut off", "changed inside"])
@pytest.mark.parametrize(("file", "read"), READERS)
def test_a_broken_file(own_data: Path, file: str, read: Read, damage: str) -> None:
    path = own_data / file
    raw = path.read_bytes()
    middle = len(raw) // 3
    broken = {
        "no bytes": b"",
        "other bytes": b"this is a letter and no archive",
        "cut off": raw[:middle],
        "changed inside": raw[:middle] + bytes(64) + raw[middle + 64 :],
    }
    path.write_bytes(broken[damage])
    assert "cannot be read" in refusal(read, own_data, file)


def test_compressed_bytes_that_are_damaged(own_data: Path) -> None:
    path = own_data / "ferplus.npz"
    with np.load(path) as archive:
        np.savez_compressed(path, **{name: archive[name] for name in archive.files})
    raw = bytearray(path.read_bytes())
    raw[3000:3200] = bytes(range(200))
    path.write_bytes(bytes(raw))
    assert "cannot be read as .npz" in refusal(train, own_data, "ferplus.npz")


def test_a_single_array_is_no_npz(own_data: Path) -> None:
    with (own_data / "ferplus.npz").open("wb") as stream:
        np.save(stream, np.zeros(3))
    assert "it is a single array" in refusal(train, own_data, "ferplus.npz")


@pytest.mark.parametrize(
    ("file", "read", "column"),
    [
        ("ferplus.npz", train, "votes"),
        ("blendshapes_ferplus.npz", train, "detected"),
        ("ckplus_128.npz", ckplus.read, "subject"),
        ("ckplus_128.npz", ckplus.read, "au_names"),
        ("ckplus_48.npz", ckplus.read, "kind"),
        ("blendshapes_ckplus_128.npz", ckplus.read, "frame"),
        ("blendshapes_lfw.npz", lfw.read, "name"),
    ],
)
def test_a_missing_column_is_named(own_data: Path, file: str, read: Read, column: str) -> None:
    change(own_data / file, **{column: None})
    assert f"has no column {column}; it has " in refusal(read, own_data, file)


@pytest.mark.parametrize(
    ("file", "read", "column"),
    [
        ("ferplus.npz", train, "images"),
        ("ckplus_128.npz", ckplus.read, "aus"),
        ("ckplus_48.npz", ckplus.read, "video"),
        ("blendshapes_lfw.npz", lfw.read, "detected"),
    ],
)
def test_columns_of_unequal_length(own_data: Path, file: str, read: Read, column: str) -> None:
    with np.load(own_data / file) as archive:
        count, shorter = len(archive[column]), archive[column][:-1]
    change(own_data / file, **{column: shorter})
    message = refusal(read, own_data, file)
    assert "differ in length" in message
    assert f"{column} {count - 1}" in message


@pytest.mark.parametrize(
    ("file", "read", "column", "wrong", "told"),
    [
        ("ferplus.npz", train, "votes", np.zeros((112, 8), np.uint8), "votes has the shape (112, 8)"),
        ("ferplus.npz", train, "images", np.zeros((112, 48, 48)), "images is float64 (112, 48, 48)"),
        ("ferplus.npz", train, "split", np.full(112, "test"), 'has no picture of the split "train"'),
        ("ckplus_128.npz", ckplus.read, "au_names", np.array(["AU1"]), "not (N, 1)"),
        ("blendshapes_ferplus.npz", train, "blendshapes", np.zeros((112, 51)), "not (N, 52)"),
        ("blendshapes_lfw.npz", lfw.read, "detected", np.zeros(24, bool), "has no detected face"),
    ],
)
def test_columns_of_another_kind(
    own_data: Path, file: str, read: Read, column: str, wrong: Any, told: str
) -> None:
    change(own_data / file, **{column: wrong})
    assert told in refusal(read, own_data, file)


def rewritten(path: Path, changes: dict[str, bytes | None]) -> None:
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, raw in {**held, **changes}.items():
            if raw is not None:
                archive.writestr(name, raw)


@pytest.mark.parametrize("raw", [b"", b"no picture", b"\xff\xd8\xff\xe0 a JPEG's first bytes"])
def test_a_picture_that_cannot_be_decoded(own_data: Path, raw: bytes) -> None:
    rewritten(own_data / "lfw_expressions.zip", {"images/Some_Body_0007.jpg": raw})
    message = refusal(lfw.read, own_data, "lfw_expressions.zip")
    assert "images/Some_Body_0007.jpg is no picture" in message


@pytest.mark.parametrize("member", ["images/Some_Body_0007.jpg", "labels.csv"])
def test_a_member_missing_from_the_zip(own_data: Path, member: str) -> None:
    rewritten(own_data / "lfw_expressions.zip", {member: None})
    assert member in refusal(lfw.read, own_data, "lfw_expressions.zip")


def test_a_table_without_its_columns(own_data: Path) -> None:
    rewritten(own_data / "lfw_expressions.zip", {"labels.csv": b"picture,emotion\na.jpg,neutral\n"})
    assert "labels.csv has no column file" in refusal(lfw.read, own_data, "lfw_expressions.zip")


def test_a_set_whose_columns_differ_in_length_cannot_be_made() -> None:
    columns = [np.zeros((2, n), np.float32) for n in (22, 8, 52)]
    with pytest.raises(ValueError, match="the columns of faces differ in length"):
        FaceSet("faces", [], *columns, np.array(["a", "b"]), np.ones(2, np.float32))
