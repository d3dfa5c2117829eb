"""The map from blendshapes to action units."""

from __future__ import annotations

import numpy as np
import pytest
from miniature import FREE, ON, SHAPES, shapes

from edge.facs import ACTION_UNITS, SIDED_UNITS, UNIT_COLUMNS
from models.data import teacher
from models.data.ckplus import PROTOCOL
from models.data.teacher import logit, sigmoid

COLUMNS = [list(ACTION_UNITS).index(unit) for unit in PROTOCOL]
Drawn = tuple[np.ndarray, np.ndarray]


def drawn(count: int, seed: int, shift: float = 0.0) -> Drawn:
    """Units bool [N, 16] and blendshapes; shift: of the log-odds, as another camera would."""
    rng = np.random.default_rng(seed)
    units = rng.random((count, len(PROTOCOL))) < 0.3
    return units, sigmoid(logit(shapes(units, rng)) + shift)


def zero(seed: int, shift: float = 0.0) -> np.ndarray:
    """The mean logit of neutral faces."""
    rest = shapes(np.zeros((200, len(PROTOCOL)), bool), np.random.default_rng(seed))
    return np.asarray((logit(rest) + shift).mean(axis=0))


def fitted(count: int = 200) -> teacher.Teacher:
    units, blendshapes = drawn(count, 1)
    codes = np.full((count, len(UNIT_COLUMNS)), np.nan)
    codes[:, COLUMNS] = units
    return teacher.fit(blendshapes, codes, tuple(SHAPES), zero(2))


def test_logit_and_sigmoid_are_inverse() -> None:
    p = np.array([0.001, 0.2, 0.5, 0.999])
    np.testing.assert_allclose(sigmoid(logit(p)), p)
    assert np.isfinite(logit(np.array([0.0, 1.0]))).all()


def test_the_rule_behind_the_pictures_is_found() -> None:
    master = fitted()
    units, blendshapes = drawn(300, 3)

    said = master.label(blendshapes, zero(2))

    assert master.fitted == PROTOCOL
    assert ((said[:, COLUMNS] > 0.5) == units).mean() > 0.99
    # Each unit is read from the column that moves with it, and from no other.
    strongest = np.abs(master.weights[COLUMNS]).argmax(axis=1)
    assert strongest.tolist() == FREE


def test_a_constant_shift_of_a_set_is_taken_out_by_its_own_neutral_faces() -> None:
    master = fitted()
    _, here = drawn(300, 3)
    _, there = drawn(300, 3, shift=1.5)

    straight = master.label(here, zero(2))[:, COLUMNS]
    centred = master.label(there, zero(2, shift=1.5))[:, COLUMNS]
    uncentred = master.label(there, zero(2))[:, COLUMNS]

    np.testing.assert_allclose(centred, straight, atol=0.01)
    assert np.abs(uncentred - straight).mean() > 0.05  # the shift would have been seen


def test_rows_without_blendshapes_stay_unknown() -> None:
    _, blendshapes = drawn(10, 4)
    blendshapes[3] = np.nan
    blendshapes[6, 0] = np.nan

    said = fitted().label(blendshapes, zero(2))

    assert np.flatnonzero(np.isnan(said).all(axis=1)).tolist() == [3, 6]
    assert np.isfinite(said).all(axis=1).sum() == 8


def test_rows_without_codes_or_blendshapes_do_not_spoil_the_fit() -> None:
    units, blendshapes = drawn(200, 1)
    codes = np.full((200, len(UNIT_COLUMNS)), np.nan)
    codes[:, COLUMNS] = units
    wanted = teacher.fit(blendshapes[20:], codes[20:], tuple(SHAPES), zero(2))
    codes[:10] = np.nan
    blendshapes[10:20] = np.nan

    got = teacher.fit(blendshapes, codes, tuple(SHAPES), zero(2))

    np.testing.assert_array_equal(got.weights, wanted.weights)


def test_rare_units_are_read_from_the_blendshape_of_the_muscle() -> None:
    master = fitted()
    assert not {"AU10", "AU28", "AU45"} & set(master.fitted)
    _, blendshapes = drawn(3, 5)
    blink = [SHAPES.index("eyeBlinkLeft"), SHAPES.index("eyeBlinkRight")]
    blendshapes[:, blink] = np.array([[0.05, 0.05], [0.35, 0.35], [0.9, 0.9]])

    said = master.label(blendshapes, zero(2))[:, list(ACTION_UNITS).index("AU45")]

    assert said[1] == pytest.approx(0.5, abs=1e-6)
    assert said[0] < 0.1
    assert said[2] > 0.9


def test_a_unit_with_too_few_positives_is_not_fitted() -> None:
    units, blendshapes = drawn(200, 1)
    units[:, 0] = False
    units[: teacher.MINIMUM_POSITIVES - 1, 0] = True
    codes = np.full((200, len(UNIT_COLUMNS)), np.nan)
    codes[:, COLUMNS] = units
    master = teacher.fit(blendshapes, codes, tuple(SHAPES), zero(2))
    assert PROTOCOL[0] not in master.fitted
    assert PROTOCOL[1] in master.fitted


def test_the_drawn_blendshapes_reach_the_level_that_the_proxies_ask_for() -> None:
    assert ON > teacher.PROXY_DECISION


SMILE = [SHAPES.index("mouthSmileLeft"), SHAPES.index("mouthSmileRight")]
DIMPLE = [SHAPES.index("mouthDimpleLeft"), SHAPES.index("mouthDimpleRight")]


def two_sided(count: int = 200) -> teacher.Teacher:
    """Fitted on faces that smile (AU12) and dimple (AU14) with both halves or not at all."""
    rng = np.random.default_rng(7)
    blendshapes = rng.uniform(0.05, 0.15, (count, len(SHAPES)))
    units = rng.random((count, 2)) < 0.4
    for moved, columns in zip(units.T, (SMILE, DIMPLE)):
        blendshapes[:, columns] = np.where(moved[:, None], ON, 0.1) + rng.uniform(-0.05, 0.05, (count, 2))
    codes = np.full((count, len(UNIT_COLUMNS)), np.nan)
    codes[:, [UNIT_COLUMNS.index("AU12"), UNIT_COLUMNS.index("AU14")]] = units
    return teacher.fit(blendshapes, codes, tuple(SHAPES), np.zeros(len(SHAPES)))


def halves(left: list[int], right: list[int]) -> dict[str, float]:
    """What is said of a face on which these columns move."""
    face = np.full((1, len(SHAPES)), 0.1)
    face[0, [*left, *right]] = ON
    said = two_sided().label(face, np.zeros(len(SHAPES)))[0]
    return {name: float(said[UNIT_COLUMNS.index(name)]) for name in ("AU12", "AU14", *SIDED_UNITS)}


def test_a_smile_of_one_half_is_on_that_side_alone() -> None:
    left, right = halves(SMILE[:1], []), halves([], SMILE[1:])
    assert left["AU12L"] > 0.8 > 0.2 > left["AU12R"]
    assert right["AU12R"] > 0.8 > 0.2 > right["AU12L"]
    for said in (left, right):
        assert max(said["AU14L"], said["AU14R"]) < 0.2


def test_a_dimple_of_one_half_is_on_that_side_alone() -> None:
    said = halves(DIMPLE[:1], [])
    assert said["AU14L"] > 0.8 > 0.2 > said["AU14R"]
    assert max(said["AU12L"], said["AU12R"]) < 0.2


def test_a_smile_of_both_halves_is_on_both_sides() -> None:
    said, none = halves(SMILE[:1], SMILE[1:]), halves([], [])
    assert said["AU12L"] == pytest.approx(said["AU12R"], abs=1e-3) == pytest.approx(said["AU12"], abs=0.05)
    assert said["AU12L"] > 0.8
    assert max(none.values()) < 0.2


def test_sides_of_a_unit_that_is_not_fitted_are_unknown() -> None:
    units, blendshapes = drawn(200, 1)
    units[:, PROTOCOL.index("AU14")] = False
    codes = np.full((200, len(UNIT_COLUMNS)), np.nan)
    codes[:, COLUMNS] = units
    said = teacher.fit(blendshapes, codes, tuple(SHAPES), zero(2)).label(blendshapes, zero(2))
    left, right = UNIT_COLUMNS.index("AU14L"), UNIT_COLUMNS.index("AU14R")
    assert np.isnan(said[:, [left, right]]).all()
    assert np.isfinite(said[:, [UNIT_COLUMNS.index("AU12L"), UNIT_COLUMNS.index("AU12R")]]).all()


def test_one_side_stands_on_both() -> None:
    names = ("smileLeft", "smileRight", "jawOpen", "browLeft")
    face = np.array([1, 2, 3, 4])
    assert face[teacher.one_side(names, "L")].tolist() == [1, 1, 3, 4]
    assert face[teacher.one_side(names, "R")].tolist() == [2, 2, 3, 4]  # browRight is not there


def test_the_mirror_swaps_left_and_right_and_nothing_else() -> None:
    names = ("smileLeft", "jawOpen", "smileRight", "Leftover")
    assert teacher.mirrored(names) == [2, 1, 0, 3]
    twice = [teacher.mirrored(tuple(SHAPES))[k] for k in teacher.mirrored(tuple(SHAPES))]
    assert twice == list(range(len(SHAPES)))
    assert teacher.mirrored(tuple(SHAPES))[SMILE[0]] == SMILE[1]
    assert teacher.mirrored(tuple(SHAPES))[SHAPES.index("jawOpen")] == SHAPES.index("jawOpen")
