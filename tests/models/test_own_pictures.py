"""One's own pictures: a table beside them or folders named after emotions; every fault named at once."""

from __future__ import annotations

import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.facs import EMOTIONS, UNIT_COLUMNS
from models.data import own_pictures
from models.data.readers import DataError


def picture(path: Path, value: int = 0, side: int = 40) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.random.default_rng(value).integers(0, 255, (side, side, 3)).astype(np.uint8)
    cv2.imwrite(str(path), image)


def with_table(folder: Path, text: str, count: int = 3) -> Path:
    for i in range(count):
        picture(folder / "images" / f"{i}.png", i)
    (folder / "labels.csv").write_text(text, encoding="utf-8")
    return folder


def unit(name: str) -> int:
    return UNIT_COLUMNS.index(name)


class TestTable:
    def test_every_kind_of_label(self, tmp_path: Path) -> None:
        folder = with_table(
            tmp_path,
            "file,emotion,AU1,au12_l,AU12R,valence,arousal,subject,split\n"
            "0.png,Happy,0.25,1,0,0.5,-0.5,p1,train\n"
            "images/1.png,,,,,,,p2,valid\n"
            "2.png,sadness,1,,,,,p2,valid\n",
        )
        faces = own_pictures.read(folder)
        assert faces.emotions[0].tolist() == np.eye(8)[EMOTIONS.index("happiness")].tolist()
        assert np.isnan(faces.emotions[1]).all()
        assert faces.action_units[0, unit("AU01")] == 0.25
        assert faces.action_units[0, [unit("AU12L"), unit("AU12R"), unit("AU12")]].tolist() == [1, 0, 1]
        assert faces.valence_arousal is not None
        assert faces.valence_arousal[0].tolist() == [0.5, -0.5]
        assert faces.subjects.tolist() == ["p1", "p2", "p2"]
        assert faces.images[0].shape == (40, 40)
        assert own_pictures.splits_in(folder) == ("train", "valid")
        assert len(own_pictures.read(folder, "valid")) == 2

    def test_an_archive_is_as_good_as_a_folder(self, tmp_path: Path) -> None:
        folder = with_table(tmp_path / "own", "file,emotion\n0.png,fear\n1.png,anger\n2.png,neutral\n")
        packed = tmp_path / "own.zip"
        with zipfile.ZipFile(packed, "w") as archive:
            for path in folder.rglob("*"):
                archive.write(path, path.relative_to(folder))
        plain, zipped = own_pictures.read(folder), own_pictures.read(packed)
        assert plain.emotions.tolist() == zipped.emotions.tolist()
        assert all((a == b).all() for a, b in zip(plain.images, zipped.images))

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("picture,emotion\n0.png,fear\n", "has no column file; it has picture, emotion"),
            ("file,file,emotion\n0.png,0.png,fear\n", "the column file twice"),
            ("file,colour\n0.png,red\n", "has no label"),
            ("file,emotion\n0.png,hungry\n", '"hungry" in row 2 is no emotion'),
            ("file,AU12\n0.png,5\n", "AU12 is not a number from 0 to 1 in row 2"),
            ("file,valence\n0.png,nan\n", "valence is not a number from -1 to 1 in row 2"),
            ("file,emotion\n9.png,fear\n", "not there in row 2 (the first: 9.png)"),
            ("file,emotion\n0.png,fear\n0.png,fear\n", "a second time in row 3"),
        ],
    )
    def test_what_does_not_fit_is_named(self, tmp_path: Path, text: str, words: str) -> None:
        with pytest.raises(DataError) as caught:
            own_pictures.read(with_table(tmp_path, text))
        assert words in str(caught.value)

    def test_every_fault_at_once(self, tmp_path: Path) -> None:
        folder = with_table(tmp_path, "file,emotion,AU12\n0.png,hungry,5\n1.png,fear,1\n9.png,fear,\n")
        (folder / "images" / "1.png").write_bytes(b"")
        with pytest.raises(DataError) as caught:
            own_pictures.read(folder)
        assert len(str(caught.value).splitlines()) == 4


class TestClassFolders:
    def test_the_nearest_emotion_counts(self, tmp_path: Path) -> None:
        picture(tmp_path / "train" / "3_Happy" / "p7" / "1.png", 1)
        picture(tmp_path / "valid" / "angry" / "2.jpg", 2)
        faces = own_pictures.read(tmp_path)
        assert [EMOTIONS[i] for i in faces.emotions.argmax(axis=1)] == ["happiness", "anger"]
        assert own_pictures.splits_in(tmp_path) == ("train", "valid")
        assert len(own_pictures.read(tmp_path, "valid")) == 1

    def test_a_folder_that_means_nothing_and_a_broken_picture(self, tmp_path: Path) -> None:
        picture(tmp_path / "holiday" / "1.png")
        picture(tmp_path / "fear" / "2.png")
        whole = (tmp_path / "fear" / "2.png").read_bytes()
        (tmp_path / "fear" / "3.png").write_bytes(whole[: len(whole) // 2])
        with pytest.raises(DataError) as caught:
            own_pictures.read(tmp_path)
        assert "named after no emotion (holiday)" in str(caught.value)
        assert "fear/3.png" in str(caught.value) and "cut short or damaged" in str(caught.value)

    def test_no_picture_and_no_folder(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="holds no picture"):
            own_pictures.read(tmp_path)
        with pytest.raises(DataError, match="is missing"):
            own_pictures.read(tmp_path / "nothing")
