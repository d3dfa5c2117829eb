# ruff: noqa: E402 - without the train extra this module is skipped before its imports
"""What heads are taught, and how far an answer is from it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from edge.facs import ACTION_UNITS, EMOTIONS, SWAPPED, UNIT_COLUMNS
from models.assemble import TrainingData
from models.batches import MIRRORED_UNITS, Targets, targets_of
from models.data.readers import DataError
from models.recipe import Head
from models.targets import TARGETS, attitudes, cross_entropy, squared_error

pytestmark = pytest.mark.heavy
NAN = float("nan")
HEADS = [
    Head("action_units", "action_units"),
    Head("emotions", "emotions", reads="action_units"),
    Head("blendshapes", "blendshapes"),
]


def test_the_columns_are_all_units_and_the_sides_of_two() -> None:
    assert (*ACTION_UNITS, "AU12L", "AU12R", "AU14L", "AU14R") == UNIT_COLUMNS
    assert len(UNIT_COLUMNS) == 26
    assert TARGETS["action_units"].columns == UNIT_COLUMNS
    assert {TARGETS["blendshapes"].share, TARGETS["emotions"].share} == {False, True}


@pytest.fixture(scope="module")
def targets(sets: TrainingData) -> Targets:
    return targets_of(sets, HEADS, 2.0)


def test_the_mirror_swaps_the_sides_of_units(targets: Targets) -> None:
    plain, mirrored = targets.plain["action_units"], targets.mirrored["action_units"]
    for k, name in enumerate(UNIT_COLUMNS):
        twin = UNIT_COLUMNS.index(SWAPPED.get(name, name))
        assert (twin == k) == (name in ACTION_UNITS)
        np.testing.assert_array_equal(mirrored[:, k], plain[:, twin])
    left, right = (UNIT_COLUMNS.index(name) for name in ("AU14L", "AU14R"))
    assert not np.array_equal(plain[:, left], plain[:, right], equal_nan=True)  # there is a difference


def test_the_mirror_swaps_the_sides_of_blendshapes(sets: TrainingData, targets: Targets) -> None:
    plain, mirrored = targets.plain["blendshapes"], targets.mirrored["blendshapes"]
    names = sets.blendshape_names
    swapped = 0
    for k, name in enumerate(names):
        twin = name
        for this, other in (("Left", "Right"), ("Right", "Left")):
            if name.endswith(this):
                twin = name[: -len(this)] + other
        np.testing.assert_array_equal(mirrored[:, k], plain[:, names.index(twin)])
        swapped += twin != name
    assert swapped == 40
    left, right = (plain[:, names.index(n)] for n in ("cheekSquintLeft", "cheekSquintRight"))
    assert not np.array_equal(left, right, equal_nan=True)


def test_mirrored_twice_is_as_it_was(targets: Targets) -> None:
    assert [MIRRORED_UNITS[k] for k in MIRRORED_UNITS] == list(range(26))
    np.testing.assert_array_equal(
        targets.mirrored["action_units"][:, MIRRORED_UNITS], targets.plain["action_units"]
    )


def test_emotions_have_no_sides(targets: Targets) -> None:
    np.testing.assert_array_equal(targets.mirrored["emotions"], targets.plain["emotions"])


def test_each_row_gets_the_targets_of_its_own_view(targets: Targets) -> None:
    rows, mirrored = np.array([3, 3, 90]), np.array([False, True, True])
    got = targets.of(rows, mirrored, "action_units").numpy()
    plain, other = targets.plain["action_units"], targets.mirrored["action_units"]
    np.testing.assert_array_equal(got, np.stack([plain[3], other[3], other[90]]))
    assert got.dtype == np.float32


def test_a_coders_word_weighs_what_the_recipe_says(sets: TrainingData, targets: Targets) -> None:
    np.testing.assert_array_equal(targets.weight, np.where(sets.coded, 2.0, 1.0))
    assert 0 < sets.coded.mean() < 1


def test_blendshapes_fill_their_range_and_dead_ones_teach_nothing(
    sets: TrainingData, targets: Targets
) -> None:
    shapes = targets.plain["blendshapes"]
    known = shapes[np.isfinite(shapes)]
    assert known.min() == 0.0
    assert known.max() == 1.0
    still = replace(sets, blendshape_range=sets.blendshape_range.copy())
    still.blendshape_range[1, 5] = still.blendshape_range[0, 5]
    found = targets_of(still, HEADS, 2.0).plain["blendshapes"]
    assert np.isnan(found[:, 5]).all()
    assert np.isfinite(found[:, 6]).any()


def test_a_head_about_which_nothing_is_known_is_refused(sets: TrainingData) -> None:
    with pytest.raises(DataError, match=r'has a label for the head "mood" \(valence_arousal\)'):
        targets_of(sets, [*HEADS, Head("mood", "valence_arousal")], 2.0)


def votes(**shares: float) -> np.ndarray:
    return np.array([[shares.get(name, 0.0) for name in EMOTIONS]], np.float32)


def test_attitudes_are_sums_of_emotions_and_surprise_is_none() -> None:
    wanted = [
        (votes(happiness=1.0), [1, 0, 0]),
        (votes(neutral=1.0), [0, 1, 0]),
        (votes(anger=0.25, fear=0.25, neutral=0.5), [0, 0.5, 0.5]),
        (votes(surprise=0.5, happiness=0.5), [1, 0, 0]),
        (votes(surprise=1.0), [NAN] * 3),
        (votes(surprise=0.9, happiness=0.1), [NAN] * 3),  # too little is left to say
        (np.full((1, 8), np.nan, np.float32), [NAN] * 3),
    ]
    for emotions, attitude in wanted:
        np.testing.assert_allclose(attitudes(emotions), [attitude], rtol=1e-6)


def test_one_emotion_against_all_others(sets: TrainingData) -> None:
    found = TARGETS["is_happiness"].of(sets.train)
    assert found.shape == (len(sets.train), 1)
    np.testing.assert_array_equal(found[:, 0], sets.train.emotions[:, 1])
    assert {name for name in TARGETS if name.startswith("is_")} == {f"is_{name}" for name in EMOTIONS}


def test_numbers_in_minus_one_to_one_go_through_tanh() -> None:
    weight = torch.ones(2)
    answer = torch.tensor([[math.atanh(0.5), 9.0], [0.0, 0.0]])
    wanted = torch.tensor([[0.5, NAN], [-0.6, 0.2]])
    assert squared_error(answer, wanted, weight).item() == pytest.approx((0.6**2 + 0.2**2) / 3, rel=1e-4)


def test_a_distribution_known_in_part_is_not_known() -> None:
    wanted = torch.tensor([[0.5, 0.5], [1.0, NAN]])
    answer = torch.tensor([[0.0, 0.0], [5.0, -5.0]], requires_grad=True)
    cost = cross_entropy(answer, wanted, torch.ones(2))
    cost.backward()
    assert cost.item() == pytest.approx(math.log(2))
    assert (answer.grad[1] == 0).all()
