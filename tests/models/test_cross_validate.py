# ruff: noqa: E402 - without the train extra this module is skipped before its imports
"""Nobody is tested by a net that was trained or calibrated on that person."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import miniature
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("sklearn", reason="needs the train extra")
pytest.importorskip("tqdm", reason="needs the train extra")

from edge.emotions import probability
from edge.facs import UNIT_COLUMNS
from models import calibrate, checkpoint, cross_validate, metrics, train
from models import recipe as recipes
from models.assemble import TrainingData, assemble
from models.checkpoint import TrainingError
from models.cross_validate import CrossValidation, groups, table
from models.data import ckplus
from models.data.ckplus import PROTOCOL, fold_of
from models.data.faceset import FaceSet
from models.finish import load_average
from models.recipe import DistilRecipe, Recipe
from models.train import Start, predict

pytestmark = [pytest.mark.heavy, pytest.mark.usefixtures("narrow")]

UNCODED = "draw = { ferplus = 1.0, lfw = 1.0 }\nweights = { action_units = 0.0 }\n"


def loaded(folder: Path) -> Recipe:
    """Two stages, the first one shared; the nets of two groups soon differ."""
    stages = miniature.STAGE + UNCODED + miniature.STAGE.replace("1e-3", "3e-2")
    lines = "shared_stages = 1\naverage_decay = 0.0"
    return recipes.load(miniature.recipe(folder / "tiny.toml", lines, stages=stages))


@dataclass
class Seen:
    """What really went through the run: whom each net was made with, and whom it was asked about."""

    trained: list[tuple[Recipe, TrainingData, range | None]] = field(default_factory=list)
    asked: list[tuple[int, FaceSet]] = field(default_factory=list)
    thresholds: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class Done:
    """A whole cross-validation and what was seen of it."""

    recipe: Recipe
    output: Path
    result: CrossValidation
    seen: Seen


def validated(recipe: Recipe, data: Path, output: Path, start: Start | None = None) -> CrossValidation:
    return cross_validate.cross_validate(recipe, data, output, start or Start(), 1)


@pytest.fixture(scope="module")
def done(narrow: None, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Done]:
    folder = tmp_path_factory.mktemp("cross-validation")
    recipe, seen = loaded(folder), Seen()

    def trains(recipe: Recipe, data: TrainingData, output: Path, *rest: Any) -> Path:
        seen.trained.append((recipe, data, rest[2] if len(rest) > 2 else None))
        return train.train(recipe, data, output, *rest)

    def asks(net: Any, faces: FaceSet, size: int) -> Any:
        seen.asked.append((len(seen.trained) - 1, faces))
        return predict(net, faces, size)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cross_validate, "train", trains)
        patch.setattr(cross_validate, "predict", asks)
        result = validated(recipe, data, folder / "out")
    yield Done(recipe, folder / "out", result, seen)


def people_of(faces: FaceSet) -> set[str]:
    return {name for name in faces.subjects if name.startswith("P")}


def test_nobody_is_tested_by_a_net_that_knows_that_person(done: Done) -> None:
    tested: list[str] = []
    for number, (_, data, _) in enumerate(done.seen.trained[1:], 1):
        known = people_of(data.train) | people_of(data.calibration) | people_of(data.rest)
        asked = [faces for of, faces in done.seen.asked if of == number]
        # The street and the calibration people for the thresholds; the last question is the test.
        *before, last = asked
        assert {name for faces in before for name in people_of(faces)} == people_of(data.calibration)
        assert len(known) == 40
        assert not known & people_of(last)
        assert not people_of(data.train) & people_of(data.calibration)
        tested += sorted(people_of(last))
    assert sorted(tested) == sorted(miniature.people())  # each person once


def test_every_group_has_its_own_folds(done: Done) -> None:
    folds = [(r.data.test_folds, r.data.calibration_folds) for r, _, _ in done.seen.trained[1:]]
    assert folds == [([0, 1], [2]), ([2, 3], [4]), ([4, 5], [6]), ([6, 7], [8]), ([8, 9], [0])]
    assert folds == [(r.data.test_folds, r.data.calibration_folds) for r in groups(done.recipe)]
    assert len({r.name for r in groups(done.recipe)}) == 5


def test_only_what_knows_no_coder_is_shared(done: Done) -> None:
    recipe, _, only = done.seen.trained[0]
    assert only == range(1)
    assert "ckplus" not in recipe.draw(recipe.stage[0])
    shared = torch.load(done.output / "shared.pt")
    assert (shared["stage"], shared["step"]) == (1, 0)
    for number in range(5):
        log = (done.output / f"group-{number}" / "log.jsonl").read_text().splitlines()
        assert [json.loads(line)["stage"] for line in log] == [1]
    logged = (done.output / "shared" / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["stage"] for line in logged] == [0]


def test_every_answer_is_that_of_its_groups_net(done: Done, data: Path) -> None:
    faces, _ = ckplus.peaks(data)
    fold = np.array([fold_of(s, 10) for s in faces.subjects])
    part = list(groups(done.recipe))[3]
    sets = assemble(part, data)
    net = load_average(part, done.output / "group-3" / "net.pt")
    half = calibrate.calibration_half(len(sets.valid))
    thresholds = calibrate.thresholds(
        (predict(net, sets.calibration, 32), sets.calibration.action_units),
        (predict(net, sets.valid, 32)[half], sets.valid.action_units[half]),
    )
    rows = np.flatnonzero(np.isin(fold, [6, 7]))
    wanted = predict(net, faces.take(rows), 32) - thresholds
    np.testing.assert_allclose(done.result.logits[rows], wanted, atol=1e-5)
    others = load_average(part, done.output / "group-2" / "net.pt")
    assert np.abs(predict(others, faces.take(rows), 32) - thresholds - wanted).max() > 1e-3


def test_the_report_is_of_every_coded_picture(done: Done, data: Path) -> None:
    result, report = done.result, json.loads((done.output / "cross-validation.json").read_text())
    faces, kinds = ckplus.peaks(data)
    assert (report["people"], report["pictures"]) == (50, 150)
    np.testing.assert_array_equal(result.codes, faces.action_units)
    np.testing.assert_array_equal(result.peak, kinds == "peak")
    p = probability(result.logits)
    units = metrics.action_units(p, faces.action_units, UNIT_COLUMNS, PROTOCOL)
    assert (report["macro_f1"], report["macro_auroc"]) == pytest.approx(metrics.macro(units))
    peaks = metrics.action_units(p[result.peak], result.codes[result.peak], UNIT_COLUMNS, PROTOCOL)
    found = report["peaks_only_macro_f1"], report["peaks_only_macro_auroc"]
    assert found == pytest.approx(metrics.macro(peaks))
    assert set(report["units"]) == set(PROTOCOL)
    assert report["recipe"]["name"] == "tiny"
    text = table(result)
    assert "50 people, 150 pictures" in text
    assert f"macro F1 {report['macro_f1']:.3f}" in text
    assert text.count("\n") == 16


def test_it_goes_on_where_it_stood(done: Done, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The last group was not finished, the others are found as they are.
    place = done.output / "group-4"
    for name in ("checkpoint.pt", "net.pt"):
        (place / name).unlink()
    trained: list[int] = []
    real = train._Run.stage

    def stage(run: Any, number: int, *rest: Any) -> None:
        trained.append(number)
        real(run, number, *rest)

    monkeypatch.setattr(train._Run, "stage", stage)
    again = validated(done.recipe, data, done.output)
    assert trained == [1]
    np.testing.assert_array_equal(again.logits, done.result.logits)


def test_the_output_of_another_recipe_is_refused(done: Done, data: Path) -> None:
    before = (done.output / "cross-validation.json").read_bytes()
    with pytest.raises(TrainingError, match=r"checkpoint\.pt belongs to another recipe"):
        validated(replace(done.recipe, seed=7), data, done.output)
    assert (done.output / "cross-validation.json").read_bytes() == before


def test_weights_that_may_know_the_test_people_are_refused(done: Done, data: Path, tmp_path: Path) -> None:
    recipe = replace(done.recipe, start="net.pt")
    known = done.output / "group-0" / "net.pt"
    with pytest.raises(TrainingError, match=r"group-0/net\.pt may know the people to test on"):
        validated(recipe, data, tmp_path / "out", Start(known))
    assert not (tmp_path / "out").exists()


def test_a_net_to_learn_from_may_know_them_too(
    done: Done, data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # Left out, and said so: what was trained without is found again.
    recipe = replace(done.recipe, distil=DistilRecipe("nowhere.safetensors"))
    with caplog.at_level(logging.WARNING):
        again = validated(recipe, data, done.output)
    assert "leaves out distil.model" in caplog.text
    np.testing.assert_array_equal(again.logits, done.result.logits)
    report = json.loads((done.output / "cross-validation.json").read_text())
    assert report["recipe"]["distil"]["model"] == ""


@pytest.mark.parametrize(
    ("changes", "fits"),
    [
        ({"name": "other"}, True),
        ({"version": "9"}, True),
        ({"checkpoint_every": 3}, True),
        ({"seed": 2}, False),
        ({"batch_size": 2}, False),
        ({"dropout": 0.1}, False),
    ],
)
def test_shared_stages_are_taken_over_by_their_own_recipe_alone(
    done: Done, tmp_path: Path, changes: dict[str, Any], fits: bool
) -> None:
    adopted(done, tmp_path, replace(done.recipe, **changes), fits)


def test_who_is_tested_and_later_stages_do_not_matter_for_shared_ones(done: Done, tmp_path: Path) -> None:
    recipe = done.recipe
    first, second = recipe.stage
    later = replace(recipe, stage=[first, replace(second, learning_rate=0.5), second])
    adopted(done, tmp_path, later, True)
    adopted(done, tmp_path, replace(recipe, stage=[replace(first, images=12), second]), False)
    adopted(done, tmp_path, replace(recipe, data=replace(recipe.data, test_folds=[5])), True)
    adopted(done, tmp_path, replace(recipe, data=replace(recipe.data, rare_emotion_cap=9.0)), False)


def adopted(done: Done, folder: Path, recipe: Recipe, fits: bool) -> None:
    path = folder / "checkpoint.pt"
    path.unlink(missing_ok=True)
    if fits:
        checkpoint.adopt(done.output / "shared.pt", path, recipe)
        state = checkpoint.read(path, recipe)
        assert state is not None
        assert state["stage"] == 1
    else:
        with pytest.raises(TrainingError, match=r"shared\.pt belongs to another recipe"):
            checkpoint.adopt(done.output / "shared.pt", path, recipe)
        assert not path.exists()


def test_damaged_shared_stages_are_one_sentence(done: Done, tmp_path: Path) -> None:
    (tmp_path / "shared.pt").write_bytes((done.output / "shared.pt").read_bytes()[:900])
    with pytest.raises(TrainingError, match=r"shared\.pt is damaged \(.*\): delete it to begin anew"):
        checkpoint.adopt(tmp_path / "shared.pt", tmp_path / "checkpoint.pt", done.recipe)
