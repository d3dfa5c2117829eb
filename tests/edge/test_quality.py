"""How far a face can be read at all."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edge import quality
from edge.preprocess import TEMPLATE
from edge.types import Box, Face

UInt8 = npt.NDArray[np.uint8]


def sharp_crop() -> UInt8:
    blocks = np.random.default_rng(3).integers(30, 220, (16, 16), dtype=np.uint8)
    return blocks.repeat(8, axis=0).repeat(8, axis=1)


def face(width: float, landmarks: npt.NDArray[np.float32] = TEMPLATE * 100) -> Face:
    return Face(Box(0, 0, width, width), landmarks, 0.9)


def turned(share: float) -> npt.NDArray[np.float32]:
    """The nose moved towards one eye by a share of the eyes' distance."""
    landmarks = (TEMPLATE * 100).copy()
    landmarks[2, 0] += share * (landmarks[1, 0] - landmarks[0, 0])
    return landmarks


def test_a_large_sharp_bright_face_turned_here_is_perfect() -> None:
    assert quality.of_crop(sharp_crop()) == 1.0
    assert quality.of_face(face(200), sharp_crop()) == 1.0


@pytest.mark.parametrize(
    "spoil",
    [
        lambda crop: (crop * 0.03).astype(np.uint8),
        lambda crop: np.full_like(crop, 128),
        lambda crop: np.full_like(crop, 255),
        lambda crop: cv2.GaussianBlur(crop, (0, 0), 20),
        lambda crop: crop[:8, :8],
    ],
    ids=["dark", "no contrast", "glaring", "blurred", "tiny"],
)
def test_a_spoilt_crop_is_not_read(spoil: object) -> None:
    assert callable(spoil)
    assert quality.of_crop(spoil(sharp_crop())) < 0.2


def test_colour_is_graded_as_its_grey() -> None:
    assert quality.of_crop(np.dstack([sharp_crop()] * 3)) == quality.of_crop(sharp_crop())


def test_a_small_face_is_worth_less() -> None:
    grades = [quality.of_face(face(width), sharp_crop()) for width in (8, 16, 32, 64)]
    assert grades == [0.125, 0.25, 0.5, 1.0]


def test_a_face_is_worth_less_the_more_it_turns_away() -> None:
    grades = [quality.facing(turned(share)) for share in (0.0, 0.25, 0.35, 0.45, 0.6)]
    assert grades == sorted(grades, reverse=True)
    assert grades[0] == 1.0
    assert 0.2 < grades[2] < 0.9
    assert grades[-1] == 0.0
    assert quality.facing(turned(-0.35)) == pytest.approx(grades[2])
    assert quality.of_face(face(200, turned(0.6)), sharp_crop()) == 0.0


def test_tilting_the_head_is_not_turning_away() -> None:
    turn = np.array([[0, -1], [1, 0]], np.float32)
    assert quality.facing((TEMPLATE * 100) @ turn.T) == pytest.approx(1.0)


def test_eyes_that_coincide_are_no_face_to_read() -> None:
    assert quality.facing(np.zeros((5, 2), np.float32)) == 0.0


def test_one_pixel_is_graded_without_a_fault() -> None:
    assert quality.of_crop(np.zeros((1, 1, 3), np.uint8)) == 0.0


def dark(crop: UInt8) -> UInt8:
    return (crop * 0.05).astype(np.uint8)


def bright(crop: UInt8) -> UInt8:
    return np.asarray(250 + crop // 64, dtype=np.uint8)


@pytest.mark.parametrize(
    ("width", "share", "crop", "reason"),
    [
        (20, 0.0, sharp_crop(), "too_far"),
        (200, 0.45, sharp_crop(), "turned_away"),
        (200, 0.0, cv2.GaussianBlur(sharp_crop(), (0, 0), 12), "too_blurred"),
        (200, 0.0, dark(sharp_crop()), "too_dark"),
        (200, 0.0, bright(sharp_crop()), "too_bright"),
    ],
)
def test_what_stands_in_the_way_most_is_named(width: float, share: float, crop: UInt8, reason: str) -> None:
    found = quality.graded(face(width, turned(share)), crop)
    assert found.reason == reason
    assert found.value < 0.4
    assert found.value == quality.of_face(face(width, turned(share)), crop)
