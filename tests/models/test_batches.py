# ruff: noqa: E402 - without the train extra this module is skipped before its imports
"""Pictures as a net sees them: degraded for training, plain as on the device."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from edge import preprocess
from models.assemble import TrainingData
from models.batches import Views, plain_views
from models.data.augment import degrade
from models.data.faceset import FaceSet

pytestmark = pytest.mark.heavy
ROWS = np.arange(0, 90, 3)
MIRRORED = ROWS % 2 == 0
SEEDS = [[5, int(row)] for row in ROWS]


def made(faces: FaceSet, workers: int) -> torch.Tensor:
    views = Views(faces, 32, workers)
    try:
        return views.make(ROWS, MIRRORED, SEEDS)
    finally:
        views.close()


def test_one_thread_and_four_make_the_same_pictures(sets: TrainingData) -> None:
    one, four = made(sets.train, 1), made(sets.train, 4)
    assert one.shape == (len(ROWS), 3, 32, 32)
    assert one.dtype == torch.float32
    assert torch.equal(one, four)
    assert len({tuple(picture.flatten().tolist()) for picture in one}) == len(ROWS)


def test_a_picture_hangs_on_its_own_seed_alone(sets: TrainingData) -> None:
    views = Views(sets.train, 32, 1)
    every = made(sets.train, 1)
    alone = views.make(ROWS[7:8], MIRRORED[7:8], SEEDS[7:8])
    assert torch.equal(alone[0], every[7])
    other = views.make(ROWS[7:8], MIRRORED[7:8], SEEDS[8:9])
    assert not torch.equal(other[0], every[7])


def test_a_mirrored_view_is_the_view_of_the_mirrored_picture(sets: TrainingData) -> None:
    views = Views(sets.train, 32, 1)
    (view,) = views.make(np.array([4]), np.array([True]), [[9]])
    mirrored = np.ascontiguousarray(sets.train.images[4][:, ::-1])
    wanted = degrade(mirrored, 32, np.random.default_rng([9]))
    for channel in view:
        np.testing.assert_array_equal(channel.numpy(), wanted)
    (plain,) = views.make(np.array([4]), np.array([False]), [[9]])
    assert not torch.equal(view, plain)


def test_the_fingerprint_knows_pictures_and_their_order(sets: TrainingData) -> None:
    def printed(rows: list[int]) -> bytes:
        return Views(sets.train.take(np.array(rows)), 32, 1).fingerprint()

    assert printed([1, 2, 3]) == printed([1, 2, 3])
    assert len({printed([1, 2, 3]), printed([1, 3, 2]), printed([1, 2]), printed([1, 2, 4])}) == 4


def test_plain_views_are_what_the_device_sees(sets: TrainingData) -> None:
    rows = np.array([0, len(sets.train) - 1])
    views = plain_views(sets.train, rows, 40)
    assert views.shape == (2, 3, 40, 40)
    for view, row in zip(views, rows):
        np.testing.assert_array_equal(view.numpy(), preprocess.net_input(sets.train.images[row], 40))
