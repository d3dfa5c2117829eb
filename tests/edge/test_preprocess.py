"""From a picture to the bytes the net sees."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edge import preprocess
from edge.preprocess import TEMPLATE, align, fit, net_input

SIZE = 160
GREYS = (60, 100, 140, 180, 220)
"""One grey per landmark, so that a confusion is seen."""


def face_at(angle_degrees: float, scale: float, shift: tuple[float, float]) -> npt.NDArray[np.float32]:
    """Landmarks of a face of `scale` pixels, turned and shifted."""
    angle = np.deg2rad(angle_degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centred = TEMPLATE.astype(np.float64) - 0.5
    return np.asarray(centred @ turn.T * scale + np.asarray(shift), dtype=np.float32)


def dots(landmarks: npt.NDArray[np.float32], side: int, radius: float) -> npt.NDArray[np.uint8]:
    """A picture with a soft dot of its own grey on each landmark."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float64)
    out = np.zeros((side, side))
    for (cx, cy), grey in zip(landmarks, GREYS):
        out += grey * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * radius**2))
    return np.clip(out, 0, 255).astype(np.uint8)


def brightest_near(crop: npt.NDArray[np.uint8], at: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Centre of mass of what is bright within 16 pixels."""
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float64)
    weight = crop.astype(np.float64) * (np.hypot(x - at[0], y - at[1]) < 16)
    return np.array([(weight * x).sum(), (weight * y).sum()]) / weight.sum()


@pytest.mark.parametrize(
    ("angle", "scale", "shift"),
    [
        (0, 160, (300, 300)),
        (25, 160, (300, 300)),
        (-40, 220, (260, 330)),
        (170, 120, (310, 280)),
        (10, 80, (100, 500)),
        (-15, 500, (300, 310)),
    ],
)
def test_landmarks_come_to_stand_where_the_template_says(
    angle: float, scale: float, shift: tuple[float, float]
) -> None:
    landmarks = face_at(angle, scale, shift)
    crop = align(dots(landmarks, 600, radius=scale / 40), landmarks, SIZE)
    assert crop.shape == (SIZE, SIZE)
    assert crop.dtype == np.uint8
    for target, grey in zip(TEMPLATE * SIZE, GREYS):
        found = brightest_near(crop, target)
        assert np.hypot(*(found - target)) < 1.0
        assert abs(int(crop[round(float(target[1])), round(float(target[0]))]) - grey) < 20


def test_a_face_is_never_mirrored() -> None:
    landmarks = face_at(0, 160, (300, 300))
    mirrored = landmarks[[1, 0, 2, 4, 3]]
    matrix = preprocess.similarity(mirrored.astype(np.float64), TEMPLATE.astype(np.float64))
    assert np.linalg.det(matrix[:, :2]) > 0


def test_big_pictures_do_not_alias() -> None:
    side = 2000
    stripes = np.zeros((side, side), np.uint8)
    stripes[:, ::2] = 255
    landmarks = face_at(0, side * 0.9, (side / 2, side / 2))
    crop = align(stripes, landmarks, 64)
    inside = crop[4:-4, 4:-4].astype(float)
    # The mean of the stripes, not a pattern of them.
    assert inside.std() < 8
    assert abs(inside.mean() - 127.5) < 4


def test_what_lies_outside_the_picture_repeats_its_border() -> None:
    picture = np.full((200, 200), 77, np.uint8)
    crop = align(picture, face_at(0, 160, (0, 0)), 64)
    assert (crop == 77).all()


def test_grey_and_colour_of_the_same_grey_are_the_same() -> None:
    landmarks = face_at(12, 200, (300, 300))
    grey = dots(landmarks, 600, radius=12)
    colour = np.dstack([grey] * 3)
    crop, colour_crop = align(grey, landmarks, 64), align(colour, landmarks, 64)
    assert colour_crop.shape == (64, 64, 3)
    np.testing.assert_array_equal(colour_crop, np.dstack([crop] * 3))
    np.testing.assert_array_equal(net_input(colour_crop, 48), net_input(crop, 48))


def test_colour_is_weighed_as_the_eye_does() -> None:
    def value(*bgr: int) -> float:
        return float(net_input(np.full((32, 32, 3), bgr, np.uint8), 32)[0, 0, 0])

    assert value(0, 255, 0) > value(0, 0, 255) > value(255, 0, 0) > 0


@pytest.mark.parametrize("shape", [(32, 32), (1, 1), (5, 200), (48, 48, 3), (300, 200, 3)])
def test_every_crop_becomes_what_the_net_takes(shape: tuple[int, ...]) -> None:
    crop = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    made = net_input(crop, 32)
    assert made.shape == (3, 32, 32)
    assert made.dtype == np.float32
    assert made.flags.c_contiguous
    assert 0 <= made.min() <= made.max() <= 255
    np.testing.assert_array_equal(made[0], made[2])
    fitted = fit(crop, 32)
    assert fitted.shape == (32, 32, *shape[2:])
    assert fitted.dtype == np.uint8


def test_values_are_0_to_255_and_not_scaled() -> None:
    crop = np.array([[0, 255], [255, 0]], np.uint8).repeat(16, axis=0).repeat(16, axis=1)
    made = net_input(crop, 32)
    assert made.min() == 0.0
    assert made.max() == 255.0
    np.testing.assert_array_equal(made[1], crop)


def test_shrinking_takes_the_mean() -> None:
    fine = np.indices((256, 256)).sum(axis=0) % 2 * 255
    assert np.ptp(fit(fine.astype(np.uint8), 32)) <= 1


@pytest.mark.parametrize("bad", [0.0, float("nan")])
def test_landmarks_that_coincide_are_refused(bad: float) -> None:
    landmarks = np.full((5, 2), 100.0 + bad, np.float32)
    with pytest.raises(ValueError, match="coincide"):
        align(np.zeros((200, 200, 3), np.uint8), landmarks, 64)


def test_the_picture_itself_is_left_alone() -> None:
    picture = np.random.default_rng(2).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    before = picture.copy()
    align(picture, face_at(5, 700, (100, 100)), 64)
    net_input(cv2.resize(picture, (32, 32)), 32)
    np.testing.assert_array_equal(picture, before)
