"""Every fault of the data is found before a training begins, and told in one line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import miniature
import numpy as np
import pytest

from edge import cli
from edge.facs import EMOTIONS, UNIT_COLUMNS
from models.data import checks, overview, twins
from models.data.faceset import FaceSet
from models.data.readers import BLENDSHAPES, DataError


def a_set(name: str, first: int, subjects: str = "") -> FaceSet:
    """Sixteen drawn faces, two of each emotion."""
    rng = np.random.default_rng(first)
    units = rng.random((16, 16)) < 0.4
    return FaceSet(
        name,
        [miniature.face(48, row, rng) for row in units],
        np.full((16, len(UNIT_COLUMNS)), np.nan, np.float32),
        np.eye(8, dtype=np.float32)[np.arange(16) % 8],
        np.full((16, BLENDSHAPES), np.nan, np.float32),
        np.array([f"{subjects}{i}" if subjects else "" for i in range(16)]),
        np.ones(16, np.float32),
    )


TRAIN, TEST = a_set("train", 1, "a"), a_set("test", 2, "b")


def told(train: FaceSet = TRAIN, apart: FaceSet = TEST) -> str:
    with pytest.raises(DataError) as caught:
        checks.require_sound([train], [apart])
    return str(caught.value)


def with_image(faces: FaceSet, row: int, image: np.ndarray) -> FaceSet:
    return replace(faces, images=[*faces.images[:row], image, *faces.images[row + 1 :]])


def column(values: np.ndarray, row: int, value: object) -> np.ndarray:
    changed = values.copy()
    changed[row] = value
    return changed


def test_sound_data_pass() -> None:
    checks.require_sound([TRAIN], [TEST])


def test_a_picture_on_both_sides() -> None:
    sentence = told(apart=with_image(TEST, 3, TRAIN.images[5]))
    assert "test: row 3" in sentence and "also stand in train (the first as row 5)" in sentence


def test_a_person_on_both_sides() -> None:
    sentence = told(apart=replace(TEST, subjects=column(TEST.subjects, 0, "a7")))
    assert "a7 stand in train and in test" in sentence


@pytest.mark.parametrize("image", [np.zeros((0, 0), np.uint8), np.full((48, 48), 7, np.uint8)])
def test_a_picture_that_shows_nothing(image: np.ndarray) -> None:
    assert "train: row 4" in told(with_image(TRAIN, 4, image))


def test_an_emotion_that_nobody_shows() -> None:
    rows = np.flatnonzero(TRAIN.emotions[:, EMOTIONS.index("fear")] == 0)
    assert "no picture shows fear" in told(TRAIN.take(rows))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda f: replace(f, emotions=column(f.emotions, 2, [np.nan] + [0] * 7)),
            "some emotions and not others",
        ),
        (lambda f: replace(f, emotions=column(f.emotions, 2, 0.5)), "no shares that sum to 1"),
        (
            lambda f: replace(f, action_units=column(f.action_units, 2, 5.0)),
            "divide intensities of 0 to 5 by 5",
        ),
        (lambda f: replace(f, blendshapes=column(f.blendshapes, 2, -0.1)), "the blendshapes of row 2"),
    ],
)
def test_a_label_that_does_not_fit(change: Callable[[FaceSet], FaceSet], words: str) -> None:
    sentence = told(change(TRAIN))
    assert words in sentence and "row 2" in sentence


def test_all_faults_at_once() -> None:
    bad = with_image(replace(TRAIN, emotions=column(TRAIN.emotions, 2, 0.5)), 4, TEST.images[0])
    assert len(told(bad).splitlines()) == 2


def test_many_rows_are_counted() -> None:
    flat = replace(TRAIN, images=[np.zeros((9, 9), np.uint8)] * 12 + TRAIN.images[12:])
    assert "and 4 more" in told(flat)


class TestTwins:
    FACES = tuple(  # soft blots, as different from each other as photographs are
        cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 5), np.empty(0), 20, 230, cv2.NORM_MINMAX).astype(
            np.uint8
        )
        for noise in np.random.default_rng(5).normal(0, 1, (20, 48, 48)).astype(np.float32)
    )

    def changed(self, image: np.ndarray) -> np.ndarray:
        move = np.array([[1, 0, 1], [0, 1, 0]], np.float32)
        moved = cv2.warpAffine(image, move, (48, 48), borderMode=cv2.BORDER_REPLICATE)
        _, packed = cv2.imencode(".jpg", cv2.convertScaleAbs(moved, alpha=0.8, beta=20))
        return np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE))

    def test_a_shifted_darker_and_compressed_copy_is_found(self) -> None:
        others = [self.FACES[18], self.changed(self.FACES[3]), self.FACES[19]]
        assert twins.find(others, self.FACES[:18]) == [(1, 3)]

    def test_another_face_is_none(self) -> None:
        assert twins.find(self.FACES[:10], self.FACES[10:]) == []

    def test_a_grey_wall_is_nobodys_twin(self) -> None:
        wall = np.full((48, 48), 90, np.uint8)
        assert twins.find([wall], [wall]) == []

    def test_an_empty_picture_is_a_fault_and_not_looked_at(self) -> None:
        apart = with_image(TEST, 3, np.zeros((0, 0), np.uint8))
        found = [each.sentence for each in checks.findings([TRAIN], [apart], near_twins=True) if each.fault]
        assert found == ["test: row 3 hold no picture; remove them"]

    def test_it_is_a_note_and_no_fault(self) -> None:
        train = with_image(TRAIN, 5, self.FACES[5])
        apart = with_image(TEST, 3, self.changed(self.FACES[5]))
        found = list(checks.findings([train], [apart], near_twins=True))
        assert not any(each.fault for each in found)
        assert any("few pixels" in each.sentence for each in found)


class TestCommand:
    def test_the_sets_are_told_and_nothing_is_wrong(
        self, data: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert cli.main(["train", "check", "--data", str(data)]) == 0
        out = capsys.readouterr().out
        for name in (
            "ferplus-train",
            "ckplus-train",
            "lfw",
            "ferplus-valid",
            "ckplus-apart",
            "nothing is wrong",
        ):
            assert name in out

    def test_a_twin_stops_a_training_before_it_begins(
        self, own_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = own_data / "ferplus.npz"
        with np.load(path) as archive:
            images, split = archive["images"].copy(), archive["split"]
        images[np.flatnonzero(split == "valid")[0]] = images[np.flatnonzero(split == "train")[0]]
        with np.load(path) as archive:
            images, twin = images, archive["twin_of_train"].copy()
        twin[:] = False
        miniature.change(path, images=images, twin_of_train=twin)
        recipe = miniature.recipe(tmp_path / "tiny.toml")
        out = tmp_path / "run"
        assert cli.main(["train", str(recipe), "--data", str(own_data), "--output", str(out)]) == 2
        error = capsys.readouterr().err
        assert "also stand in ferplus" in error and len(error.strip().splitlines()) == 1
        assert not (out / "checkpoint.pt").exists()
        assert cli.main(["train", "check", "--data", str(own_data)]) == 2
        assert "fault:" in capsys.readouterr().out

    def test_pictures_of_ones_own_by_their_splits(self, tmp_path: Path) -> None:
        for split, first in (("train", 1), ("valid", 2)):
            for name, image in zip(EMOTIONS, a_set("own", first).images):
                folder = tmp_path / split / name
                folder.mkdir(parents=True)
                cv2.imwrite(str(folder / "1.png"), image)
        sets = overview.of_folder(tmp_path, None)
        assert [len(s) for s in (*sets.train, *sets.apart)] == [8, 8]
        assert "happiness 1" in overview.table(sets.train)
