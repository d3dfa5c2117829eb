"""What the readers make of votes and codes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from miniature import CK_UNITS, change, people

from edge.facs import ACTION_UNITS, EMOTIONS
from models.data import ckplus, ferplus, lfw
from models.data.balance import drawing_weights
from models.data.ckplus import NEVER_CODED, PROTOCOL, UNRELIABLE, fold_of


def column(file: Path, name: str) -> np.ndarray:
    with np.load(file) as archive:
        return np.asarray(archive[name])


def test_single_votes_are_dropped_and_the_rest_is_a_distribution(own_data: Path) -> None:
    votes = column(own_data / "ferplus.npz", "votes")
    votes[0] = [5, 3, 1, 0, 0, 0, 0, 0, 1, 0]
    change(own_data / "ferplus.npz", votes=votes)

    faces, read, plurality = ferplus.read(own_data, "train")

    np.testing.assert_allclose(faces.emotions[0], [5 / 8, 3 / 8, 0, 0, 0, 0, 0, 0])
    assert read[0].tolist() == votes[0].tolist()
    assert plurality[0]


def test_faces_whose_raters_name_none_of_the_eight_have_no_emotion(own_data: Path) -> None:
    votes = column(own_data / "ferplus.npz", "votes")
    votes[0] = [2, 0, 0, 0, 0, 0, 0, 0, 8, 0]
    votes[1] = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
    change(own_data / "ferplus.npz", votes=votes)

    faces, _, plurality = ferplus.read(own_data, "train")

    assert np.isnan(faces.emotions[:2]).all()
    assert not plurality[0]
    assert np.isfinite(faces.emotions[2]).all()


def test_twins_are_left_out_of_valid_alone(data: Path) -> None:
    split, twin = column(data / "ferplus.npz", "split"), column(data / "ferplus.npz", "twin_of_train")
    pictures = column(data / "ferplus.npz", "images")

    valid, votes, _ = ferplus.read(data, "valid")

    assert twin.sum() == 6
    assert len(valid) == len(votes) == (split == "valid").sum() - 6
    assert not any((image == other).all() for image in valid.images for other in pictures[twin])
    assert len(ferplus.read(data, "train")[0]) == (split == "train").sum()


def test_faces_the_teacher_did_not_find_have_no_blendshapes(data: Path) -> None:
    faces, _, _ = ferplus.read(data, "train")
    assert np.isnan(faces.blendshapes[5]).all()
    assert np.isfinite(faces.blendshapes[6]).all()


def test_without_the_teachers_file_blendshapes_are_unknown(own_data: Path) -> None:
    (own_data / "blendshapes_ferplus.npz").unlink()
    (own_data / "blendshapes_ckplus_128.npz").unlink()
    (own_data / "ckplus_48.npz").unlink()
    assert np.isnan(ferplus.read(own_data, "train")[0].blendshapes).all()
    assert np.isnan(ckplus.read(own_data).blendshapes).all()


def test_rare_emotions_are_drawn_more_often_up_to_the_cap() -> None:
    emotions = np.zeros((101, 8), np.float32)
    emotions[:96, 0] = 1
    emotions[96:100, 1] = 1
    emotions[100] = np.nan

    weight = drawing_weights(emotions, 100.0)
    capped = drawing_weights(emotions, 2.0)

    assert weight.mean() == pytest.approx(1.0)
    assert weight[96] / weight[0] == pytest.approx(np.sqrt(96 / 4), rel=1e-4)
    assert capped[96] / capped[0] == pytest.approx(2.0)
    assert weight[100] == pytest.approx(weight[0])


def test_folds_are_disjoint_by_person_and_the_same_for_ever() -> None:
    assert [fold_of(name, 10) for name in ("S005", "S010", "S056", "S129", "P100")] == [3, 5, 4, 8, 4]
    folds = [{name for name in people() if fold_of(name, 10) == fold} for fold in range(10)]
    assert all(folds)
    assert sum(map(len, folds)) == len(set().union(*folds))


def test_codes_go_to_their_unit(data: Path) -> None:
    faces, kinds = ckplus.peaks(data)
    codes = column(data / "ckplus_128.npz", "aus")
    for unit in PROTOCOL:
        ours = faces.action_units[:, list(ACTION_UNITS).index(unit)]
        assert (ours == codes[:, CK_UNITS.index(int(unit[2:]))]).all(), unit
    assert set(kinds) == {"peak", "onset"}
    assert (
        faces.action_units[kinds == "onset"][:, [list(ACTION_UNITS).index(u) for u in PROTOCOL]] == 0
    ).all()


def test_units_never_or_hardly_coded_are_unknown(data: Path) -> None:
    faces = ckplus.read(data)
    unknown = np.isnan(faces.action_units).all(axis=0)
    assert {u for u, missing in zip(ACTION_UNITS, unknown) if missing} == {*NEVER_CODED, *UNRELIABLE}
    assert np.isnan(faces.emotions).all()


def test_near_peaks_come_from_the_small_pictures_alone(data: Path) -> None:
    faces, alone = ckplus.read(data), ckplus.peaks(data)[0]
    near = (column(data / "ckplus_48.npz", "kind") == "near-peak").sum()
    assert len(faces) == len(alone) + near
    assert {image.shape for image in faces.images[len(alone) :]} == {(48, 48)}


def renamed(folder: Path, old: str, new: str) -> None:
    """Another name for a person and their sequences, in every file of CK+."""
    for file in ("ckplus_128.npz", "ckplus_48.npz", "blendshapes_ckplus_128.npz"):
        with np.load(folder / file) as archive:
            held = {n: archive[n] for n in ("subject", "video") if n in archive.files}
        change(folder / file, **{n: np.char.replace(v, old, new) for n, v in held.items()})


def test_suspect_sequences_and_smiling_onsets_are_unknown(own_data: Path) -> None:
    first, second = people()[:2]
    renamed(own_data, first, "S056")
    renamed(own_data, f"{second}_002", "S129_002")

    faces, kinds = ckplus.peaks(own_data)
    video = column(own_data / "ckplus_128.npz", "video")

    unknown = np.isnan(faces.action_units).all(axis=1)
    assert {(str(v), str(k)) for v, k in zip(video[unknown], kinds[unknown])} == {
        ("S056_001", "onset"),
        ("S129_002", "peak"),
    }
    everything = ckplus.read(own_data)
    assert np.isnan(everything.action_units).all(axis=1).sum() == 3  # the near-peak of the sequence too


def test_people_of_the_press_have_names_but_no_labels(data: Path) -> None:
    faces, neutral = lfw.read(data)
    assert len(faces) == len(neutral) == 23  # in one of 24 the teacher found no face
    assert set(faces.subjects) == {"Some_Body"}
    assert neutral.sum() == 12
    assert np.isnan(faces.action_units).all()
    assert np.isnan(faces.emotions).all()
    assert len(EMOTIONS) == faces.emotions.shape[1]
