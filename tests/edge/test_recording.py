"""An annotated video or contact sheet, read back with OpenCV."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import SourceError
from edge.pipeline import Step
from edge.recording import SHEET_COLUMNS, SHEET_WIDTH, VIDEO_RATE, Recording
from edge.types import Frame, UInt8

NOTHING = Step([], None, [])


def grey(value: int, index: int, at: float, width: int = 320, height: int = 240) -> Frame:
    return Frame(np.full((height, width, 3), value, np.uint8), index, at)


def middle(image: UInt8) -> int:
    height, width = image.shape[:2]
    return int(image[height // 2, width // 2].mean())


def video(path: Path) -> list[UInt8]:
    capture = cv2.VideoCapture(str(path))
    found = []
    try:
        while True:
            ok, image = capture.read()
            if not ok:
                return found
            found.append(np.asarray(image, dtype=np.uint8))
    finally:
        capture.release()


@pytest.mark.parametrize("name", ["out.mp4", "out.avi", "OUT.AVI"])
def test_every_picture_of_a_video_stands_for_its_time(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with Recording(path) as recording:
        for index, (value, at) in enumerate(((40, 7.0), (200, 8.0), (120, 8.5))):
            recording.add(grey(value, index, at), NOTHING)
    found = [middle(image) for image in video(path)]
    rate = int(VIDEO_RATE)
    assert len(found) == rate + rate // 2 + 1
    for value, part in ((40, found[:rate]), (200, found[rate:-1]), (120, found[-1:])):
        assert np.abs(np.array(part) - value).max() < 12


def test_a_video_takes_pictures_of_other_sizes(tmp_path: Path) -> None:
    path = tmp_path / "out.avi"
    with Recording(path) as recording:
        recording.add(grey(40, 0, 0.0), NOTHING)
        recording.add(grey(200, 1, 1.0, width=900, height=675), NOTHING)
    found = video(path)
    assert {image.shape for image in found} == {(240, 320, 3)}
    assert abs(middle(found[-1]) - 200) < 12


def sheet(path: Path, frames: list[Frame]) -> UInt8:
    with Recording(path) as recording:
        for frame in frames:
            recording.add(frame, NOTHING)
    return np.asarray(cv2.imread(str(path)), dtype=np.uint8)


@pytest.mark.parametrize("name", ["out.png", "out.jpg"])
def test_a_contact_sheet_has_a_tile_for_every_half_second(tmp_path: Path, name: str) -> None:
    found = sheet(tmp_path / name, [grey(10 * i + 10, i, 3.0 + i / 10) for i in range(21)])
    assert found.shape == (240, SHEET_WIDTH * SHEET_COLUMNS, 3)
    tiles = [middle(tile) for tile in np.split(found, SHEET_COLUMNS, axis=1)]
    np.testing.assert_allclose(tiles, [10, 60, 110, 160, 210, 0], atol=6)


def test_a_contact_sheet_takes_pictures_of_other_sizes(tmp_path: Path) -> None:
    frames = [grey(100, 0, 0.0), grey(150, 1, 1.0, 200, 400), grey(200, 2, 2.0, 1000, 100)]
    assert sheet(tmp_path / "out.png", frames).shape == (240, SHEET_WIDTH * SHEET_COLUMNS, 3)


def test_nothing_recorded_writes_nothing(tmp_path: Path) -> None:
    for name in ("out.png", "out.mp4"):
        with Recording(tmp_path / name):
            pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["out.gif", "out", "no/such/folder/out.mp4"])
def test_what_cannot_be_written_is_refused_before_the_clip_is_played(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError, match="--save: "):
        Recording(tmp_path / name)


def test_a_sheet_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "out.png").mkdir()
    with pytest.raises(SourceError, match="cannot be written"), Recording(tmp_path / "out.png") as recording:
        recording.add(grey(1, 0, 0.0), NOTHING)
