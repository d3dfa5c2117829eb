# ruff: noqa: E402 - without the train extra this module is skipped before its imports
"""A search finds what is better, survives kills, and never looks at what is reported."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import miniature
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("optuna", reason="needs the train extra")

from edge.cli import main
from models import calibrate, search, search_space, search_trial
from models import recipe as recipes
from models.assemble import TrainingData, assemble
from models.checkpoint import DivergedError, TrainingError
from models.networks.build import build
from models.objective import Score, score
from models.recipe import Recipe
from models.train import Start, train

pytestmark = pytest.mark.heavy
ROOT = Path(__file__).resolve().parents[2]

SHARED = """
[[stage]]
image_size = 32
images = 8
learning_rate = 1e-3
draw = { ferplus = 1 }
weights = { action_units = 0, emotions = 0 }
[[stage]]
image_size = 32
images = 8
learning_rate = 1e-3
freeze_blocks = 1
cached_copies = 1
[[stage]]
image_size = 32
images = 8
learning_rate = 1e-3
"""
SPACE = """
[search]
trials = 2
[search.space]
"stage[1].learning_rate" = { low = 1e-4, high = 1e-1, log = true }
"head.emotions.balance" = { choices = [0, 0.5] }
[refit]
epochs = 1
batch_size = 16
"""
LINES = 'network = "small"\nshared_stages = 1\naverage_decay = 0.0\ncheckpoint_every = 1'


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def written(folder: Path, space: str = SPACE, stages: str = SHARED) -> Path:
    return miniature.recipe(folder / "tiny.toml", lines=LINES, tables=space, stages=stages)


def found(output: Path) -> list[tuple[Any, ...]]:
    report = json.loads((output / "search.json").read_text())
    return [(t["folder"], t["values"], t["value"], t["units"], t["emotions"]) for t in report["trials"]]


def test_killed_three_times_it_finds_the_same(data: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("killed_search.py"), data, written(tmp_path), tmp_path],
        cwd=ROOT,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    killed = str(int(signal.SIGKILL))
    assert done.stdout.split() == ["0", killed, killed, killed, "0"], done.stderr
    one, other = tmp_path / "undisturbed", tmp_path / "killed"
    assert len(found(one)) == 2
    assert found(one) == found(other)
    assert (one / "best.toml").read_text() == (other / "best.toml").read_text()
    best = json.loads((one / "search.json").read_text())["best"]
    nets = [torch.load(output / best / "net.pt")["net"] for output in (one, other)]
    assert all(torch.equal(tensor, nets[1][name]) for name, tensor in nets[0].items())


def test_what_the_command_leaves(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, output = written(tmp_path), tmp_path / "out"
    arguments = ["train", "search", str(path), "--data", str(data), "--output", str(output)]
    assert main(arguments) == 0

    said = capsys.readouterr().out
    assert "units_and_emotions: 2 trials came to their end, 0 were given up" in said
    assert f"next: facecue train {output / 'best.toml'}" in said
    # The first trial is the recipe as it stands.
    assert found(output)[0][1] == {"stage[1].learning_rate": 1e-3, "head.emotions.balance": 0}
    assert (output / "history.png").read_bytes().startswith(b"\x89PNG")
    best = json.loads((output / "search.json").read_text())["best"]
    kept = {place.name: (place / "net.pt").exists() for place in output.glob("trial-*")}
    assert kept == {name: name == best for name in ("trial-0000", "trial-0001")}
    assert not (output / "trial-0000" / "features-1").exists() or best == "trial-0000"
    for place in output.glob("trial-*"):
        stages = [json.loads(line)["stage"] for line in (place / "log.jsonl").read_text().splitlines()]
        assert set(stages) == {1, 2}  # what all share is trained once, elsewhere

    # The recipe that is left makes the net that was the best.
    recipe = recipes.load(output / "best.toml")
    weights = train(recipe, assemble(recipe, data), tmp_path / "again")
    one, other = (torch.load(p)["net"] for p in (weights, output / best / "net.pt"))
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())
    # In the folder of that trial, there is nothing left to train.
    before = (output / best / "log.jsonl").read_text()
    train(recipe, assemble(recipe, data), output / best)
    assert (output / best / "log.jsonl").read_text() == before


class Hill:
    """Trials whose score is known: the closer the dropout is to 0.3 the better, from the first stage on."""

    def __init__(self, *_: Any) -> None:
        pass

    def run(self, recipe: Recipe, place: Path) -> Iterator[tuple[int, Score]]:
        place.mkdir(exist_ok=True)
        (place / "net.pt").touch()
        if recipe.dropout > 0.85:
            raise DivergedError("the loss is no number at step 3: lower learning_rate in the recipe")
        for number in range(2):
            (place / f"stage-{number}").touch()
            yield number, Score(1 - abs(recipe.dropout - 0.3), 0.5 + number / 4)


@pytest.fixture
def hill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recipe:
    monkeypatch.setattr(search, "Trials", Hill)
    space = "[search]\ntrials = 16\n[search.space]\ndropout = { low = 0, high = 0.9 }\n"
    recipe = recipes.load(written(tmp_path, space))
    return replace(recipe, dropout=0.9)


def test_it_finds_the_top_and_gives_up_what_falls_behind(hill: Recipe, tmp_path: Path) -> None:
    result = search.search(hill, tmp_path, tmp_path / "out", Start(), 1)

    assert len(result.trials) == 16
    assert abs(float(result.finished[0].values["dropout"]) - 0.3) < 0.1
    assert result.trials[0].given_up.startswith("the loss is no number at step 3")
    behind = [trial for trial in result.trials if trial.given_up.startswith("behind the others")]
    assert behind
    assert result.importance == {"dropout": pytest.approx(1.0)}
    for trial in behind:
        assert trial.value is None
        assert trial.number > search.RANDOM_TRIALS
        assert not (tmp_path / "out" / trial.folder / "stage-1").exists()
    kept = [place.parent.name for place in (tmp_path / "out").glob("trial-*/net.pt")]
    assert kept == [result.finished[0].folder]
    assert recipes.load(tmp_path / "out" / "best.toml").dropout == result.finished[0].values["dropout"]


def test_it_stops_where_told_and_goes_on_where_it_stopped(hill: Recipe, tmp_path: Path) -> None:
    output = tmp_path / "out"
    some = search.search(hill, tmp_path, output, Start(), 1, trials=3)
    assert len(some.trials) == 3
    same = search.search(hill, tmp_path, output, Start(), 1, trials=3)
    assert same.trials == some.trials
    assert search.search(hill, tmp_path, output, Start(), 1, hours=1e-9).trials == some.trials
    more = search.search(replace(hill, search=replace(hill.search, trials=4)), tmp_path, output, Start(), 1)
    assert more.trials[:3] == some.trials
    assert len(more.trials) == 4


def test_a_trial_that_no_process_survives_is_given_up(
    hill: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = []

    def killed(self: Hill, recipe: Recipe, place: Path) -> Iterator[tuple[int, Score]]:
        places.append(place.name)
        raise KeyboardInterrupt
        yield

    with monkeypatch.context() as patch:
        patch.setattr(Hill, "run", killed)
        for _ in range(search.ATTEMPTS):
            with pytest.raises(KeyboardInterrupt):
                search.search(hill, tmp_path, tmp_path / "out", Start(), 1, trials=2)
    assert places == ["trial-0000"] * search.ATTEMPTS
    result = search.search(hill, tmp_path, tmp_path / "out", Start(), 1, trials=2)
    assert [trial.value is None for trial in result.trials] == [True, False]


def test_values_that_do_not_go_together_are_given_up(
    hill: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    span = {"stage[1].freeze_blocks": recipes.load(written(tmp_path)).search.space["head.emotions.balance"]}
    whole = {path: replace(one, choices=[0]) for path, one in span.items()}  # no block frozen, yet a cache
    hill = replace(hill, search=replace(hill.search, space={**hill.search.space, **whole}), dropout=0.3)
    with pytest.raises(TrainingError, match=r"no trial in .* came to its end"):
        search.search(hill, tmp_path, tmp_path / "out", Start(), 1, trials=2)
    told = [t["given_up"] for t in json.loads((tmp_path / "out" / "search.json").read_text())["trials"]]
    assert told == ["stage[1].cached_copies: 1 is not 0, where no block is frozen"] * 2


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"dropout": 0.2}, "study.db belongs to another recipe or another space: give another --output"),
        ({"search": recipes.SearchRecipe()}, 'the recipe "tiny" varies nothing: add [search.space]'),
    ],
)
def test_another_recipe_is_refused(hill: Recipe, tmp_path: Path, change: dict[str, Any], fault: str) -> None:
    search.search(replace(hill, dropout=0.4), tmp_path, tmp_path / "out", Start(), 1, trials=1)
    with pytest.raises(TrainingError) as caught:
        search.search(replace(hill, **change), tmp_path, tmp_path / "out", Start(), 1)
    assert fault in str(caught.value)


def test_a_damaged_study_and_a_second_search_are_one_sentence(hill: Recipe, tmp_path: Path) -> None:
    output = tmp_path / "out"
    output.mkdir()
    (output / "study.db").write_bytes(b"no database" * 500)
    with pytest.raises(
        TrainingError, match=r"study\.db cannot be used .*: delete it to begin anew"
    ) as caught:
        search.search(hill, tmp_path, output, Start(), 1)
    assert "\n" not in str(caught.value)
    with search._alone(output), pytest.raises(TrainingError, match="another search is at work in"):
        search.search(hill, tmp_path, output, Start(), 1)
    with pytest.raises(TrainingError, match="cannot be made a folder"):
        search.search(hill, tmp_path, output / "study.db" / "x", Start(), 1)


@pytest.mark.parametrize("option", ["--trials", "--hours"])
def test_a_number_of_trials_or_hours_that_is_none(
    option: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["train", "search", str(written(tmp_path)), "--data", str(data)]
    assert main([*arguments, option, "-1"]) == 2
    assert f"{option} -1: give a number above 0" in capsys.readouterr().err


def test_what_is_reported_does_not_count(sets: TrainingData, tmp_path: Path) -> None:
    torch.manual_seed(3)
    net = build(recipes.load(written(tmp_path))).eval()
    with torch.no_grad():
        net.heads["action_units"].weight.normal_(std=1e3)  # untrained, it hardly tells faces apart
        net.heads["action_units"].bias.zero_()
    wanted = score(net, sets, 32)
    assert 0.0 < wanted.units < 1.0
    half = calibrate.calibration_half(len(sets.valid))
    votes = sets.valid_votes.copy()
    votes[~half] = votes[~half][:, ::-1]
    wrong = replace(sets.valid, emotions=1 - sets.valid.emotions)
    unseen = replace(sets, valid_votes=votes, valid=wrong, test=sets.test.take(np.array([0])))
    assert score(net, unseen, 32) == wanted
    votes[half] = np.roll(votes[half], 1, axis=1)
    assert score(net, replace(sets, valid_votes=votes), 32).emotions != wanted.emotions
    coded = sets.calibration
    other = replace(sets, calibration=replace(coded, action_units=1 - coded.action_units))
    assert score(net, other, 32).units != wanted.units


def test_an_objective_is_one_of_three() -> None:
    values = {name: Score(0.5, 0.75).value(name) for name in search_space.OBJECTIVES}
    assert values == {"units_and_emotions": 0.625, "units": 0.5, "emotions": 0.75}


@pytest.mark.parametrize(
    ("path", "touched"),
    [
        ("stage[0].images", True),
        ("stage[1].images", False),
        ("dropout", True),
        ("optimiser.weight_decay", True),
        ("head.action_units.weight", False),
        ("head.action_units.hidden", True),
        ("head.direct_emotions.weight", True),
        ("head.emotions.balance", False),
        ("head[2].balance", True),
        ("data.draw.ckplus", False),
        ("data.coded_weight", False),
        ("data.rare_emotion_cap", True),
        ("distil.emotions", False),
        ("refit.epochs", False),
    ],
)
def test_what_all_trials_may_share(tmp_path: Path, path: str, touched: bool) -> None:
    assert search_trial.touches_shared(recipes.load(written(tmp_path)), path) is touched
