"""Degraded pictures: the same every time, and each worse in the way its name says."""

from __future__ import annotations

import numpy as np
import pytest
from miniature import face

from edge import preprocess
from models.evaluation import slices
from models.evaluation.slices import SLICES, UNDISTURBED, Slice


def picture(side: int) -> np.ndarray:
    return face(side, np.ones(16, bool), np.random.default_rng(1))


@pytest.mark.parametrize("slice_", (UNDISTURBED, *SLICES), ids=lambda s: s.name)
@pytest.mark.parametrize("side", [48, 128])
def test_a_slice_is_a_function_of_the_picture_alone(slice_: Slice, side: int) -> None:
    original = picture(side)
    untouched = original.copy()
    first, second = slice_.degrade(original), slice_.degrade(original)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(original, untouched)
    assert first.dtype == np.uint8
    assert first is not original
    assert preprocess.net_input(first, 96).shape == (3, 96, 96)


def test_names_and_kinds() -> None:
    assert len({s.name for s in SLICES}) == len(SLICES)
    assert {s.group for s in SLICES} == {
        *("size", "blur", "darkness", "rotation", "shift", "scale", "occlusion", "colour", "JPEG")
    }


def dot(side: int, x: float, y: float) -> np.ndarray:
    """A soft white dot whose centre of gravity is at these shares of the side."""
    at = (np.arange(side) + 0.5) / side
    weight = np.exp(-(((at[None, :] - x) ** 2 + (at[:, None] - y) ** 2) / (2 * 0.04**2)))
    return np.round(255 * weight).astype(np.uint8)


def centre(image: np.ndarray) -> tuple[float, float]:
    side = len(image)
    at = (np.arange(side) + 0.5) / side
    total = image.sum(dtype=float)
    return float((image * at[None, :]).sum() / total), float((image * at[:, None]).sum() / total)


@pytest.mark.parametrize("side", [48, 128])
@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({}, (0.6, 0.5)),
        ({"right": 0.1}, (0.7, 0.5)),
        ({"right": -0.1}, (0.5, 0.5)),
        ({"down": 0.1}, (0.6, 0.6)),
        ({"scale": 1.1}, (0.61, 0.5)),
        # Anticlockwise: what is right of the middle goes up.
        ({"degrees": 12.0}, (0.5 + 0.1 * np.cos(np.deg2rad(12)), 0.5 - 0.1 * np.sin(np.deg2rad(12)))),
    ],
)
def test_faces_move_by_what_is_said(side: int, change: dict, wanted: tuple[float, float]) -> None:
    assert centre(slices.moved(dot(side, 0.6, 0.5), **change)) == pytest.approx(wanted, abs=0.003)


def test_nothing_moved_is_only_enlarged() -> None:
    moved = slices.moved(picture(48))
    assert moved.shape == (96, 96)
    # The same interpolation as the net's own enlargement, but for rounding.
    assert np.abs(moved.astype(int) - preprocess.fit(picture(48), 96).astype(int)).max() <= 3
    np.testing.assert_array_equal(slices.moved(picture(128)), picture(128))


def test_sizes() -> None:
    for side in (32, 160):
        assert slices.resized(picture(48), side).shape == (side, side)
    np.testing.assert_array_equal(slices.resized(picture(48), 48), picture(48))
    small = slices.upscaled(picture(128), 24)
    assert small.shape == (128, 128)
    fine = np.indices((128, 128)).sum(axis=0) % 2 * 255
    assert slices.upscaled(fine.astype(np.uint8), 24).std() < 30  # what is finer than 24 px is gone


def test_each_strength_is_worse_than_the_one_before() -> None:
    original = picture(96)
    detail = [slices.blurred(original, share).astype(float).std() for share in (0.015, 0.03, 0.045)]
    assert original.std() > detail[0] > detail[1] > detail[2]
    light = [slices.dimmed(original, gain).mean() for gain in (0.5, 0.25)]
    assert light == pytest.approx([original.mean() / 2, original.mean() / 4], abs=0.6)
    assert slices.dimmed(original, 1.0, 2.5).mean() < original.mean()
    assert slices.dimmed(original, 1.0, 2.5).max() <= original.max()
    errors = [np.abs(slices.compressed(original, q).astype(int) - original).mean() for q in (90, 50, 20)]
    assert 0 < errors[0] < errors[1] < errors[2]


def test_a_hand_covers_its_patch_and_nothing_else() -> None:
    original = picture(100)
    view = slices.covered(original, slices.EYES_COVERED)
    changed = np.argwhere(view != original)
    assert (changed.min(axis=0) >= (28, 10)).all()
    assert (changed.max(axis=0) <= (49, 89)).all()
    assert (view[28:50, 10:90] == int(np.median(original))).all()
    left, top, right, bottom = slices.EYES_COVERED
    for x, y in preprocess.TEMPLATE[:2]:
        assert left < x < right
        assert top < y < bottom
    left, top, right, bottom = slices.MOUTH_COVERED
    for x, y in preprocess.TEMPLATE[3:]:
        assert left < x < right
        assert top < y < bottom


def test_grey_in_three_channels_is_the_same_to_the_net() -> None:
    original = picture(48)
    as_colour = slices.coloured(original, (1.0, 1.0, 1.0))
    assert as_colour.shape == (48, 48, 3)
    np.testing.assert_array_equal(preprocess.net_input(as_colour, 96), preprocess.net_input(original, 96))
    warm = slices.coloured(original, slices.WARM_LIGHT)
    assert warm[..., 0].mean() < warm[..., 1].mean() < warm[..., 2].mean()
    assert not np.array_equal(preprocess.net_input(warm, 96), preprocess.net_input(original, 96))
