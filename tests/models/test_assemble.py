"""The joined sets: who trains, who tests, and what the teacher may see."""

from __future__ import annotations

from pathlib import Path

import cv2
import miniature
import numpy as np
import pytest
from miniature import change, people, recipe

from edge.facs import ACTION_UNITS, EMOTIONS, UNIT_COLUMNS
from models import recipe as recipes
from models.assemble import TrainingData, assemble
from models.data.ckplus import PROTOCOL, fold_of
from models.data.readers import DataError

COLUMNS = [list(ACTION_UNITS).index(unit) for unit in PROTOCOL]


def made(folder: Path, path: Path, data: str = "") -> TrainingData:
    return assemble(recipes.load(recipe(path / "tiny.toml", data=data)), folder)


def apart(name: str) -> bool:
    return fold_of(name, 10) in (0, 1, 2)


def test_nobody_stands_on_two_sides(data: Path, tmp_path: Path) -> None:
    got = made(data, tmp_path)
    train, calibration, test = (set(s.subjects) for s in (got.train, got.calibration, got.test))
    assert {fold_of(s, 10) for s in test} == {0, 1}
    assert {fold_of(s, 10) for s in calibration} == {2}
    assert {s for s in train if s.startswith("P")} == {s for s in people() if not apart(s)}


def test_test_people_are_peaks_and_onsets_with_the_coders_words_alone(data: Path, tmp_path: Path) -> None:
    got = made(data, tmp_path)
    assert {image.shape for image in got.test.images} == {(128, 128)}
    codes = got.test.action_units[:, COLUMNS]
    assert set(np.unique(codes)) == {0.0, 1.0}
    # The sides nobody coded; what is absent is absent on both of them.
    assert np.isnan(np.delete(got.test.action_units[:, :22], COLUMNS, axis=1)).all()
    assert set(np.unique(got.test.action_units[:, 22:][np.isfinite(got.test.action_units[:, 22:])])) == {0.0}


def test_what_nobody_coded_is_filled_in_by_the_teacher(data: Path, tmp_path: Path) -> None:
    got = made(data, tmp_path)
    soft = got.train.action_units[~got.coded]
    assert soft.shape[1] == 26
    assert np.isfinite(soft).all(axis=1).mean() > 0.9
    assert ((soft > 0) & (soft < 1))[np.isfinite(soft)].all()
    assert set(np.unique(got.train.action_units[got.coded][:, COLUMNS])) == {0.0, 1.0}


@pytest.mark.parametrize("whole", ["AU12", "AU14"])
def test_a_coded_unit_is_on_one_side_at_least_and_an_absent_one_on_none(
    data: Path, tmp_path: Path, whole: str
) -> None:
    got = made(data, tmp_path).train
    code = got.action_units[:, UNIT_COLUMNS.index(whole)]
    sides = got.action_units[:, [UNIT_COLUMNS.index(whole + side) for side in "LR"]]
    coded = np.array([name.startswith("P") for name in got.subjects])
    seen = coded & (code == 1) & np.isfinite(sides).all(axis=1)
    assert seen.sum() > 10
    np.testing.assert_array_equal(sides[seen].max(axis=1), 1.0)
    assert (sides[seen].min(axis=1) < 1.0).any()  # the sides differ
    absent = coded & (code == 0)
    assert absent.sum() > 10
    assert (sides[absent] == 0.0).all()
    # Near-peaks have no blendshapes: where the unit is, the sides stay unknown.
    blind = coded & (code == 1) & np.isnan(got.blendshapes).any(axis=1)
    assert blind.any()
    assert np.isnan(sides[blind]).all()


def test_what_the_teacher_says_of_the_sides_of_others(data: Path, tmp_path: Path) -> None:
    got = made(data, tmp_path)
    known = ~got.coded & np.isfinite(got.train.action_units[:, :22]).all(axis=1)
    sides = got.train.action_units[known][:, 22:]
    assert np.isfinite(sides).all()
    assert ((sides > 0) & (sides < 1)).all()


def test_the_sets_are_drawn_by_their_shares(data: Path, tmp_path: Path) -> None:
    got = made(data, tmp_path)
    chance = got.chance({"ferplus": 1.0, "ckplus": 3.0})
    assert chance.sum() == pytest.approx(1.0)
    assert chance[got.coded].sum() == pytest.approx(0.75)
    assert chance[got.train.subjects == "Some_Body"].sum() == 0.0
    assert (chance[got.train.subjects != "Some_Body"] > 0).all()
    alone = got.chance({"lfw": 7.0})
    assert (alone > 0).tolist() == (got.train.subjects == "Some_Body").tolist()


def test_rare_emotions_are_drawn_more_often_within_their_set(own_data: Path, tmp_path: Path) -> None:
    with np.load(own_data / "ferplus.npz") as archive:
        votes = archive["votes"]
    votes[8:] = np.where((votes[8:, 7] >= 8)[:, None], np.eye(10, dtype=np.uint8)[1] * 9, votes[8:])
    change(own_data / "ferplus.npz", votes=votes)  # contempt is left on one picture alone
    got = made(own_data, tmp_path, "rare_emotion_cap = 2.0")
    chance = got.chance({"ferplus": 1.0})
    contempt = got.train.emotions[:, 7] > 0.9
    happy = got.train.emotions[:, 1] > 0.9
    assert contempt.sum() == 1
    assert chance[contempt].mean() / chance[happy].mean() == pytest.approx(2.0)


def test_those_who_rest_are_neutral_people_who_train(data: Path, tmp_path: Path) -> None:
    got = made(data, tmp_path)
    assert set(got.rest.subjects) == {s for s in people() if not apart(s)}
    assert (got.rest.action_units[:, COLUMNS] == 0).all()
    assert len(got.rest) == 35


def test_faces_without_an_emotion_are_not_trained_on(data: Path, tmp_path: Path) -> None:
    got = made(data, tmp_path)
    web = ~got.coded & (got.train.subjects == "")
    assert np.isfinite(got.train.emotions[web]).all()


def relabelled(folder: Path, whom: bool) -> None:
    """Turns over the codes and blendshapes of the people apart (or of the others)."""
    with np.load(folder / "ckplus_128.npz") as archive:
        chosen = np.array([apart(s) for s in archive["subject"]]) == whom
        codes = archive["aus"]
    codes[chosen] = 1 - codes[chosen]
    change(folder / "ckplus_128.npz", aus=codes)
    with np.load(folder / "blendshapes_ckplus_128.npz") as archive:
        values = archive["blendshapes"]
    values[chosen] = 1 - values[chosen]
    change(folder / "blendshapes_ckplus_128.npz", blendshapes=values)


def test_people_apart_never_reach_the_teachers_fit(own_data: Path, tmp_path: Path) -> None:
    before = made(own_data, tmp_path)
    relabelled(own_data, True)
    after = made(own_data, tmp_path)
    np.testing.assert_array_equal(before.train.action_units, after.train.action_units)
    np.testing.assert_array_equal(before.valid.action_units, after.valid.action_units)
    assert not np.array_equal(before.test.action_units, after.test.action_units, equal_nan=True)


def test_people_who_train_do_reach_it(own_data: Path, tmp_path: Path) -> None:
    before = made(own_data, tmp_path)
    relabelled(own_data, False)
    after = made(own_data, tmp_path)
    assert not np.allclose(before.valid.action_units, after.valid.action_units, equal_nan=True)


@pytest.mark.parametrize("file", ["ckplus_128", "ferplus", "lfw"])
def test_the_teachers_files_are_needed(own_data: Path, tmp_path: Path, file: str) -> None:
    (own_data / f"blendshapes_{file}.npz").unlink()
    with pytest.raises(DataError, match=f"blendshapes_{file}.npz is missing"):
        made(own_data, tmp_path)


def test_blendshapes_in_another_order_are_refused(own_data: Path, tmp_path: Path) -> None:
    path = own_data / "blendshapes_lfw.npz"
    with np.load(path) as archive:
        names = archive["blendshape_names"]
    change(path, blendshape_names=names[::-1])
    with pytest.raises(DataError, match=f"{path}: blendshape_names are not those of "):
        made(own_data, tmp_path)


def test_blendshapes_of_another_program_are_refused(own_data: Path, tmp_path: Path) -> None:
    for file in ("ckplus_128", "ferplus", "lfw"):
        change(own_data / f"blendshapes_{file}.npz", blendshape_names=np.array([f"b{i}" for i in range(52)]))
    with pytest.raises(DataError, match="are not the 52 names of MediaPipe"):
        made(own_data, tmp_path)


def test_without_neutral_faces_the_teacher_has_no_zero(own_data: Path, tmp_path: Path) -> None:
    path = own_data / "ferplus.npz"
    with np.load(path) as archive:
        votes = archive["votes"]
    votes[:, 0] = 0
    change(path, votes=votes)
    with pytest.raises(DataError, match=f"{path} has no neutral face with blendshapes"):
        made(own_data, tmp_path)


def test_folds_that_leave_nobody_are_refused(own_data: Path, tmp_path: Path) -> None:
    everyone = "test_folds = [0,1,2,3,4]\ncalibration_folds = [5,6,7,8,9]"
    with pytest.raises(DataError, match="leave nobody to train, to calibrate or to test on"):
        made(own_data, tmp_path, everyone)


def test_pictures_of_ones_own_are_drawn_and_keep_their_codes(own_data: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    rows = ["file,emotion,AU12,split"]
    (own_data / "mine").mkdir()
    for i, emotion in enumerate(["neutral", "happiness", "fear", "anger"]):
        image = miniature.face(64, rng.random(16) < 0.4, rng)
        cv2.imwrite(str(own_data / "mine" / f"{i}.png"), image)
        rows.append(f"{i}.png,{emotion},{'1' if i == 1 else ''},{'valid' if i == 3 else 'train'}")
    (own_data / "mine" / "labels.csv").write_text("\n".join(rows) + "\n")
    lines = 'own = "mine"\ndraw = { ferplus = 0.4, ckplus = 0.1, lfw = 0.1, own = 0.4 }'
    recipe = recipes.load(miniature.recipe(tmp_path / "tiny.toml", data=lines))
    got = assemble(recipe, own_data)
    mine = np.flatnonzero(got.source == recipes.SETS.index("own"))
    assert len(mine) == 3
    assert got.chance(recipe.data.draw)[mine].sum() == pytest.approx(0.4)
    assert got.coded[mine].tolist() == [False, True, False]
    assert got.train.action_units[mine[1], UNIT_COLUMNS.index("AU12")] == 1
    assert [EMOTIONS[e] for e in got.train.emotions[mine].argmax(axis=1)] == ["neutral", "happiness", "fear"]


@pytest.mark.parametrize("lines", ['own = "mine"', "draw = { ferplus = 0.5, own = 0.5 }"])
def test_own_pictures_are_named_and_drawn_or_neither(lines: str, tmp_path: Path) -> None:
    with pytest.raises(recipes.RecipeError, match=r"data\.own"):
        recipes.load(miniature.recipe(tmp_path / "tiny.toml", data=lines))
