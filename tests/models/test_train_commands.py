"""`facecue train`, `export` and `evaluate`, from labelled faces to the figures of a model folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import miniature
import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("nncf", reason="needs the train extra")
pytest.importorskip("sklearn", reason="needs the train extra")

from edge.cli import main
from edge.facs import UNIT_COLUMNS
from edge.model_folder import open_folder
from models.networks import deployed

pytestmark = pytest.mark.heavy


STAGE = """
[[stage]]
image_size = 32
images = 76
learning_rate = 3e-3
"""


@dataclass(frozen=True)
class Made:
    """A trained and exported miniature."""

    recipe: Path
    training: Path
    model: Path


@pytest.fixture(scope="module")
def made(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("made")
    # Long enough for the net to tell faces apart: one that answers all alike is not exported.
    recipe = miniature.recipe(
        folder / "tiny.toml", lines='network = "small"\naverage_decay = 0.5', stages=STAGE
    )
    training, model = folder / "runs", folder / "model"
    assert main(["train", str(recipe), "--data", str(data), "--output", str(training)]) == 0
    export = ["export", str(training / "net.safetensors"), "-o", str(model), "--without", "stick"]
    assert main(export) == 0
    return Made(recipe, training, model)


def test_a_training_leaves_a_checkpoint_that_knows_where_it_comes_from(made: Made) -> None:
    released = deployed.load(made.training / "net.safetensors")
    assert released.facts["image_size"] == 32
    assert released.facts["network"] == "small"
    assert tuple(released.facts["action_units"]) == UNIT_COLUMNS
    assert released.facts["provenance"]["start"] == "random weights"
    assert released.facts["provenance"]["recipe"]["name"] == "tiny"
    assert released.facts["figures"]["ferplus_valid"]["pictures"] == 42
    assert len(released.facts["figures"]["ckplus_test_folds"]["units"]) == 16


def test_the_model_folder_is_one_that_the_runtime_takes(made: Made) -> None:
    for precision in ("int8", "fp16"):
        folder = open_folder(made.model, precision)
        assert folder.card.action_units == UNIT_COLUMNS
        assert folder.card.provenance["int8_ranges_from"] == "the bundled clips"
        assert len(folder.golden().crops) > 20


def test_the_figures_are_those_of_the_device(
    data: Path, made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["evaluate", "--data", str(data), "--model", str(made.model), "--precision", "fp16"]
    assert main([*arguments, "--json", str(tmp_path / "figures.json")]) == 0

    report = json.loads((tmp_path / "figures.json").read_text())
    table = capsys.readouterr().out
    assert report["model"] == "tiny 0.1.0 fp16"
    assert report["ckplus"]["folds"] == [0, 1]
    assert report["ckplus"]["not_held_out"] == []
    assert report["ckplus"]["people"] == 2 * miniature.PEOPLE_PER_FOLD
    assert report["ckplus"]["pictures"] == 3 * report["ckplus"]["people"]
    assert "tiny 0.1.0 fp16" in table
    assert f"macro F1 {report['ckplus']['macro_f1']:.3f}" in table
    # What the training reported, by another runtime.
    trained = deployed.load(made.training / "net.safetensors").facts["figures"]["ferplus_valid"]
    assert report["ferplus_valid"]["pictures"] == trained["pictures"]
    assert report["ferplus_valid"]["plurality"] == pytest.approx(trained["plurality"], abs=0.05)
    assert report["ferplus_valid"]["calibration"] == pytest.approx(trained["calibration"], abs=0.05)


def test_people_the_net_knows_are_told_apart(
    data: Path, made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["evaluate", "--data", str(data), "--model", str(made.model), "--folds", "1,2"]
    assert main([*arguments, "--json", str(tmp_path / "figures.json")]) == 0
    report = json.loads((tmp_path / "figures.json").read_text())["ckplus"]
    assert report["people"] == 10
    assert report["not_held_out"] == [2]
    assert "not held out: this net was trained or calibrated on the folds [2]" in capsys.readouterr().out


def refusal(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on stderr."""
    capsys.readouterr()
    assert main(arguments) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("facecue ")]
    assert len(lines) == 1
    return lines[0]


def test_the_same_output_for_another_recipe(
    data: Path, made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = miniature.recipe(tmp_path / "tiny.toml", lines="seed = 9")
    arguments = ["train", str(other), "--data", str(data), "--output", str(made.training)]
    assert "belongs to another recipe" in refusal(arguments, capsys)


def test_one_word_chooses_what_train_does(
    data: Path, made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # "recipe" is meant where no word is given: the finished run is only found again.
    before = (made.training / "net.pt").read_bytes()
    arguments = [str(made.recipe), "--data", str(data), "--output", str(made.training)]
    assert main(["train", "recipe", *arguments]) == 0
    assert f"next: facecue export {made.training / 'net.safetensors'}" in capsys.readouterr().out
    assert len((made.training / "log.jsonl").read_text().splitlines()) == 1
    assert len((made.training / "net.pt").read_bytes()) == len(before)


def test_a_net_to_learn_from(data: Path, made: Made, tmp_path: Path) -> None:
    teacher = made.training / "net.safetensors"
    recipe = miniature.recipe(
        tmp_path / "pupil.toml", lines='network = "small"', tables=f'[distil]\nmodel = "{teacher}"'
    )
    assert main(["train", str(recipe), "--data", str(data), "--output", str(tmp_path / "out")]) == 0
    plain, learned = (
        json.loads((folder / "log.jsonl").read_text()) for folder in (made.training, tmp_path / "out")
    )
    # The same first step of the same net, but for what it was taught.
    assert plain["blendshapes"] == learned["blendshapes"]
    assert plain["emotions"] != learned["emotions"]
    assert plain["action_units"] != learned["action_units"]
    assert (tmp_path / "out" / "distilled.npz").is_file()


def test_cross_validation_by_the_command(
    data: Path, made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out"
    assert (
        main(["train", "cross-validate", str(made.recipe), "--data", str(data), "--output", str(output)]) == 0
    )
    table = capsys.readouterr().out
    report = json.loads((output / "cross-validation.json").read_text())
    assert "CK+, 50 people, 150 pictures, each by a net that never saw its person" in table
    assert f"macro F1 {report['macro_f1']:.3f}" in table
    assert sorted(path.name for path in output.glob("group-*")) == [f"group-{i}" for i in range(5)]


@pytest.mark.parametrize(
    ("folds", "told"),
    [("a", "--folds a: give whole numbers"), ("77", "nobody in the folds [77]: give folds from 0 to 9")],
)
def test_folds_that_are_none(
    data: Path, made: Made, capsys: pytest.CaptureFixture[str], folds: str, told: str
) -> None:
    arguments = ["evaluate", "--data", str(data), "--model", str(made.model), "--folds", folds]
    assert told in refusal(arguments, capsys)


def test_figures_that_cannot_be_written(
    data: Path, made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["evaluate", "--data", str(data), "--model", str(made.model)]
    path = tmp_path / "nowhere" / "figures.json"
    assert f"--json {path} cannot be written (No such file" in refusal(
        [*arguments, "--json", str(path)], capsys
    )


def test_people_without_two_kinds_of_codes(
    own_data: Path, made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    with np.load(own_data / "ckplus_128.npz") as archive:
        codes = np.zeros_like(archive["aus"])
    miniature.change(own_data / "ckplus_128.npz", aus=codes)
    arguments = ["evaluate", "--data", str(own_data), "--model", str(made.model)]
    assert "no unit is coded both as there and as not" in refusal(arguments, capsys)


@pytest.mark.parametrize("action", [[], ["recipe"], ["cross-validate"]])
@pytest.mark.parametrize("wrong", ["recipe", "column", "start", "device"])
def test_what_is_wrong_is_said_before_anything_is_trained(
    own_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], action: list[str], wrong: str
) -> None:
    recipe, output, more = tmp_path / "tiny.toml", tmp_path / "out", []
    miniature.recipe(recipe, lines='network = "small"')
    if wrong == "recipe":
        miniature.recipe(recipe, lines="dropout = 2.0\nsede = 1")
    elif wrong == "column":
        miniature.change(own_data / "ckplus_128.npz", aus=None)
    elif wrong == "start":
        more = ["--start", str(tmp_path / "vgg16.ckpt")]
    else:
        miniature.recipe(recipe, stages=miniature.STAGE + 'on = "gpu"\n')
    told = {
        "recipe": "tiny.toml: sede: no such key",
        "column": "ckplus_128.npz has no column aus",
        "start": "--start",
        "device": "none of the stages is for this device (cpu)",
    }
    arguments = ["train", *action, str(recipe), "--data", str(own_data), "--output", str(output), *more]
    assert told[wrong] in refusal(arguments, capsys)
    assert not list(output.rglob("log.jsonl"))
    assert not list(output.rglob("*.pt"))


def test_an_output_that_is_a_file(
    data: Path, made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").write_text("a file")
    arguments = [str(made.recipe), "--data", str(data), "--output", str(tmp_path / "out")]
    assert f"{tmp_path / 'out'} cannot be made a folder" in refusal(["train", *arguments], capsys)
    assert str(tmp_path / "out") in refusal(["train", "cross-validate", *arguments], capsys)


def test_what_is_missing_is_one_sentence(
    data: Path, made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = str(tmp_path / "nowhere")
    recipe, output = str(made.recipe), str(tmp_path / "out")
    assert "nowhere cannot be read" in refusal(["train", nowhere, "--data", str(data)], capsys)
    told = refusal(["train", recipe, "--data", nowhere, "--output", output], capsys)
    assert "nowhere/blendshapes_ckplus_128.npz is missing" in told
    assert "there is no checkpoint" in refusal(["export", nowhere, "-o", output], capsys)
    told = refusal(["evaluate", "--data", nowhere, "--model", str(made.model)], capsys)
    assert "nowhere/ferplus.npz is missing" in told
    assert not (tmp_path / "out").exists()
