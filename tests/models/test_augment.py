"""What a camera does to a face."""

from __future__ import annotations

import numpy as np
import pytest
from miniature import face

from models.data.augment import degrade


def picture(side: int) -> np.ndarray:
    return face(side, np.ones(16, bool), np.random.default_rng(1))


@pytest.mark.parametrize("side", [48, 128, 160])
@pytest.mark.parametrize("size", [32, 48, 96])
def test_every_view_is_a_picture_of_the_asked_size(side: int, size: int) -> None:
    original = picture(side)
    untouched = original.copy()
    for seed in range(40):
        view = degrade(original, size, np.random.default_rng(seed))
        assert view.shape == (size, size)
        assert view.dtype == np.uint8
        assert view.std() > 1
    np.testing.assert_array_equal(original, untouched)


def test_the_same_generator_gives_the_same_view_and_another_another() -> None:
    views = [degrade(picture(48), 48, np.random.default_rng(seed)) for seed in (5, 5, 6)]
    np.testing.assert_array_equal(views[0], views[1])
    assert not np.array_equal(views[0], views[2])


def test_the_face_stays_where_it_was_on_average() -> None:
    # A white dot in the middle: rotated, scaled, mirrored and shifted, it stays about the middle.
    dot = np.zeros((96, 96), np.uint8)
    dot[44:52, 44:52] = 255
    centres = []
    for seed in range(200):
        view = degrade(dot, 48, np.random.default_rng(seed)).astype(float)
        y, x = np.nonzero(view == view.max())
        centres.append((y.mean(), x.mean()))
    assert np.abs(np.median(centres, axis=0) - 23.5).max() < 1.5
    assert np.std(centres, axis=0).min() > 1.0
