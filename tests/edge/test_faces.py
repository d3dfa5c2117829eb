"""Faces are found in real clips, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edge import faces
from edge.clips import CLIPS
from edge.errors import ModelError
from edge.faces import FaceFinder
from edge.settings import FacesSettings
from edge.types import Box, Frame

UInt8 = npt.NDArray[np.uint8]


def frames(clip: str, count: int) -> list[UInt8]:
    capture = cv2.VideoCapture(str(CLIPS / clip))
    try:
        found = [capture.read()[1] for _ in range(count)]
    finally:
        capture.release()
    assert all(image is not None for image in found)
    return [np.asarray(image, dtype=np.uint8) for image in found]


@pytest.fixture(scope="module")
def single_face() -> list[UInt8]:
    return frames("single_face.mp4", 60)


@pytest.fixture
def finder() -> FaceFinder:
    return FaceFinder(FacesSettings())


def boxes(finder: FaceFinder, image: UInt8) -> list[Box]:
    return [face.box for face in finder.find(Frame(image, 0, 0.0))]


def resized(image: UInt8, width: int, height: int) -> UInt8:
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def test_one_face_is_found_in_every_frame_with_its_landmarks_in_order(
    finder: FaceFinder, single_face: list[UInt8]
) -> None:
    for index, image in enumerate(single_face):
        (face,) = finder.find(Frame(image, index, index / 30))
        left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
        assert left_eye[0] < right_eye[0]
        assert left_mouth[0] < right_mouth[0]
        assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])
        assert left_eye[0] < nose[0] < right_eye[0]
        box = face.box
        assert (face.landmarks >= (box.x, box.y)).all()
        assert (face.landmarks <= (box.x + box.width, box.y + box.height)).all()
        assert face.landmarks.dtype == np.float32
        assert 0.75 <= face.score <= 1.0
        assert face.track == -1


def test_no_face_is_found_where_there_is_none(finder: FaceFinder) -> None:
    noise = np.random.default_rng(4).integers(0, 256, (360, 640, 3), dtype=np.uint8)
    coarse = resized(noise[:45, :80], 640, 360)
    for image in (noise, coarse, np.zeros_like(noise), np.full_like(noise, 200)):
        assert boxes(finder, image) == []


@pytest.mark.parametrize(("height", "width"), [(1, 1), (5, 200), (200, 5), (31, 33), (1, 5000), (3000, 2)])
def test_pictures_of_any_size_are_taken(finder: FaceFinder, height: int, width: int) -> None:
    noise = np.random.default_rng(4).integers(0, 256, (height, width, 3), dtype=np.uint8)
    assert boxes(finder, noise) == []


@pytest.mark.parametrize("factor", [0.4, 0.5, 0.75, 1.5, 3.0])
def test_the_same_picture_larger_or_smaller_has_the_same_face(
    finder: FaceFinder, single_face: list[UInt8], factor: float
) -> None:
    image = single_face[20]
    (wanted,) = finder.find(Frame(image, 0, 0.0))
    scaled = resized(image, round(640 * factor), round(360 * factor))
    (found,) = finder.find(Frame(scaled, 0, 0.0))
    box = found.box
    back = Box(box.x / factor, box.y / factor, box.width / factor, box.height / factor)
    assert back.overlap(wanted.box) > 0.75
    assert np.abs(found.landmarks / factor - wanted.landmarks).max() < 0.1 * wanted.box.width


def test_a_face_is_found_again_after_pictures_of_other_sizes(
    finder: FaceFinder, single_face: list[UInt8]
) -> None:
    before = boxes(finder, single_face[0])
    for height, width in ((5, 200), (720, 300)):
        finder.find(Frame(np.zeros((height, width, 3), np.uint8), 0, 0.0))
    assert boxes(finder, single_face[0]) == before


def two_faces(single_face: list[UInt8]) -> UInt8:
    """The same face twice, the one on the right at half the size."""
    small = np.zeros_like(single_face[0])
    small[:180, :320] = resized(single_face[0], 320, 180)
    return np.hstack([single_face[0], small])


def test_the_nearest_comes_first_and_only_so_many(single_face: list[UInt8]) -> None:
    both = two_faces(single_face)
    large, small = boxes(FaceFinder(FacesSettings(detect_side_pixels=960)), both)
    assert large.x < 640 < small.x
    assert large.width == pytest.approx(2 * small.width, rel=0.15)
    assert boxes(FaceFinder(FacesSettings(detect_side_pixels=960, most_faces=1)), both) == [large]


def test_a_smaller_face_is_left_alone_by_its_size_in_the_picture(single_face: list[UInt8]) -> None:
    both = two_faces(single_face)
    least = FacesSettings(detect_side_pixels=960, least_size_pixels=100)
    (only,) = boxes(FaceFinder(least), both)
    assert only.x < 640


def test_a_detector_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces, "DETECTOR", tmp_path / "none.onnx")
    with pytest.raises(ModelError, match=r"none\.onnx is missing: install facecue again"):
        FaceFinder(FacesSettings())


class TownWide:
    """A detector that answers as OpenCV's does from memory it never wrote."""

    def __init__(self, rows: list[list[float]]) -> None:
        self._rows = np.array(rows, np.float32)
        self.shapes: list[tuple[int, ...]] = []

    def setInputSize(self, size: tuple[int, int]) -> None:
        self._size = size

    def detect(self, image: UInt8) -> tuple[int, npt.NDArray[np.float32]]:
        assert image.shape == (self._size[1], self._size[0], 3)
        self.shapes.append(image.shape)
        return 1, self._rows


def test_boxes_that_no_face_can_have_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    nonsense = [
        (-182664, -37289, 367660, 80131),
        (200, 50, 90, 5000),
        (700, 50, 90, 120),
        (50, -300, 90, 120),
    ]
    near = (-40, -20, 500, 600)
    rows = [[*box, *[float(v) for v in range(10)], 0.9] for box in (*nonsense, (float("nan"),) * 4, near)]
    finder = FaceFinder(FacesSettings(detect_side_pixels=640))
    monkeypatch.setattr(finder, "_detector", TownWide(rows))
    assert boxes(finder, np.zeros((360, 640, 3), np.uint8)) == [Box(*near)]


@pytest.mark.parametrize(("height", "width"), [(1, 1), (5, 200), (33, 480), (3, 5000), (300, 63)])
def test_the_detector_never_gets_a_picture_it_answers_at_random(
    monkeypatch: pytest.MonkeyPatch, height: int, width: int
) -> None:
    finder, detector = FaceFinder(FacesSettings()), TownWide([])
    monkeypatch.setattr(finder, "_detector", detector)
    assert boxes(finder, np.zeros((height, width, 3), np.uint8)) == []
    (shape,) = detector.shapes
    assert min(shape[:2]) >= 64
