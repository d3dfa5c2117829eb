# ruff: noqa: E402 - without the train extra this module is skipped before its imports
"""Training itself: it learns, it goes on after a kill, and it says what hinders it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import miniature
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("tqdm", reason="needs the train extra")

from models import checkpoint, train
from models import recipe as recipes
from models.assemble import TrainingData
from models.batches import plain_views, targets_of
from models.data.readers import DataError
from models.losses import losses
from models.networks import initialise
from models.networks.build import build
from models.networks.vgg_face_au import VggFaceAu
from models.recipe import SETS, Recipe
from models.train import Start, TrainingError

pytestmark = [pytest.mark.heavy, pytest.mark.usefixtures("narrow")]
ROOT = Path(__file__).resolve().parents[2]

THREE_STAGES = """
[[stage]]
image_size = 32
images = 20
learning_rate = 3e-3
[[stage]]
image_size = 32
images = 12
learning_rate = 3e-3
freeze_blocks = 2
cached_copies = 2
[[stage]]
image_size = 40
images = 12
learning_rate = 1e-3
freeze_blocks = 1
first_pool = 4
"""


def loaded(folder: Path, **parts: str) -> Recipe:
    return recipes.load(miniature.recipe(folder / "tiny.toml", **parts))


def trained(recipe: Recipe, sets: TrainingData, output: Path, **how: Any) -> dict[str, Any]:
    """The averaged weights."""
    weights: dict[str, Any] = torch.load(train.train(recipe, sets, output, **how))["net"]
    return weights


def log_of(output: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (output / "log.jsonl").read_text().splitlines()]


def test_killed_again_and_again_it_ends_as_if_nothing_had_happened(data: Path, tmp_path: Path) -> None:
    recipe = miniature.recipe(tmp_path / "tiny.toml", lines="checkpoint_every = 1", stages=THREE_STAGES)
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("killed_training.py"), data, recipe, tmp_path],
        cwd=ROOT,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    killed = int(signal.SIGKILL)
    assert json.loads(done.stdout) == {"ends": [0, *[killed] * 5, 0], "features": 4}, done.stderr
    one, other = (torch.load(tmp_path / f / "net.pt") for f in ("undisturbed", "killed"))
    assert one["recipe"] == other["recipe"]
    assert one["net"].keys() == other["net"].keys()
    for name, tensor in one["net"].items():
        assert torch.equal(tensor, other["net"][name]), name


def test_it_learns_what_the_drawings_show(sets: TrainingData, tmp_path: Path) -> None:
    stages = "[[stage]]\nimage_size = 32\nimages = 320\nlearning_rate = 1e-2\n"
    recipe = loaded(tmp_path, stages=stages, lines="dropout = 0.0\naverage_decay = 0.9")

    train.train(recipe, sets, tmp_path / "out")

    rows = log_of(tmp_path / "out")
    assert [row["step"] for row in rows] == list(range(0, 80, 20))
    first, last = rows[0], rows[-1]
    assert last["action_units"] < 0.95 * first["action_units"]
    assert last["blendshapes"] < 0.95 * first["blendshapes"]


def untrained(recipe: Recipe, sets: TrainingData) -> VggFaceAu:
    """What a run begins with."""
    torch.manual_seed(recipe.seed)
    net = build(recipe)
    assert isinstance(net, VggFaceAu)
    rows = np.flatnonzero(~sets.coded)
    initialise.preserve(net, plain_views(sets.train, rows[:256], 32))
    return net


@pytest.mark.parametrize("cached", ["", "cached_copies = 2\n"])
def test_frozen_blocks_stay_as_they_were(sets: TrainingData, tmp_path: Path, cached: str) -> None:
    stages = miniature.STAGE.replace("1e-3", "1e-2") + f"freeze_blocks = 2\nwarm_up = 0\n{cached}"
    recipe = loaded(tmp_path, stages=stages, lines="average_decay = 0.0")
    before = untrained(recipe, sets)

    state = trained(recipe, sets, tmp_path / "out")

    for name, tensor in before.state_dict().items():
        frozen = name.startswith(("blocks.0.", "blocks.1.", "mean", "scale"))
        changed = not torch.equal(tensor, state[name])
        assert not (frozen and changed), name
        if name.endswith(("weight", "running_mean")) and not frozen:
            assert changed, name


def test_the_people_of_ckplus_decide_nothing_before_the_first_step(
    sets: TrainingData, tmp_path: Path
) -> None:
    # All folds may share the first stages: not even the pictures of the test people may be in there.
    def beginning(data: TrainingData, folder: str) -> dict[str, Any]:
        recipe = loaded(
            tmp_path, stages=miniature.STAGE.replace("1e-3", "1e-30"), lines="average_decay = 0.0"
        )
        state = trained(recipe, data, tmp_path / folder)
        return {k: v for k, v in state.items() if k.startswith("blocks.") and k.endswith(("weight", "bias"))}

    images = [255 - i if coded else i for i, coded in zip(sets.train.images, sets.coded)]
    one, other = (
        beginning(sets, "one"),
        beginning(replace(sets, train=replace(sets.train, images=images)), "2"),
    )
    assert sets.coded.any()
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def test_a_finished_run_is_not_run_again(
    sets: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = loaded(tmp_path)
    once = trained(recipe, sets, tmp_path / "out")
    monkeypatch.delattr(train._Batches, "make")
    again = trained(recipe, sets, tmp_path / "out")
    assert all(torch.equal(tensor, again[name]) for name, tensor in once.items())


def test_threads_do_not_change_the_result(sets: TrainingData, tmp_path: Path) -> None:
    recipe = loaded(tmp_path)
    one, four = (trained(recipe, sets, tmp_path / str(n), workers=n) for n in (1, 4))
    assert all(torch.equal(tensor, four[name]) for name, tensor in one.items())


def test_another_seed_is_another_net(sets: TrainingData, tmp_path: Path) -> None:
    one = trained(loaded(tmp_path), sets, tmp_path / "one")
    other = trained(loaded(tmp_path, lines="seed = 2"), sets, tmp_path / "other")
    assert not torch.equal(one["heads.action_units.weight"], other["heads.action_units.weight"])


def test_another_recipe_on_the_same_output_is_refused(sets: TrainingData, tmp_path: Path) -> None:
    train.train(loaded(tmp_path), sets, tmp_path / "out")
    before = (tmp_path / "out" / "net.pt").read_bytes()
    with pytest.raises(
        TrainingError, match=r"checkpoint\.pt belongs to another recipe: give another --output"
    ):
        train.train(loaded(tmp_path, lines="seed = 2"), sets, tmp_path / "out")
    assert (tmp_path / "out" / "net.pt").read_bytes() == before


@pytest.mark.parametrize("damage", ["no bytes", "cut off", "other bytes", "other content"])
def test_a_damaged_checkpoint_is_one_sentence(sets: TrainingData, tmp_path: Path, damage: str) -> None:
    recipe = loaded(tmp_path)
    train.train(recipe, sets, tmp_path / "out")
    path = tmp_path / "out" / "checkpoint.pt"
    raw = path.read_bytes()
    if damage == "other content":
        torch.save([1, 2], path)
    else:
        path.write_bytes(
            {"no bytes": b"", "cut off": raw[: len(raw) // 2], "other bytes": b"abc" * 99}[damage]
        )
    with pytest.raises(
        TrainingError, match=r"checkpoint\.pt is damaged \(.*\): delete it to begin anew$"
    ) as caught:
        train.train(recipe, sets, tmp_path / "out")
    assert "\n" not in str(caught.value)


def starting_from(folder: Path, file: str) -> Recipe:
    text = miniature.recipe(folder / "r.toml").read_text().replace('start = ""', f'start = "{file}"')
    (folder / "r.toml").write_text(text)
    return recipes.load(folder / "r.toml")


@pytest.mark.parametrize("given", [None, "nowhere.ckpt"])
def test_missing_starting_weights_are_named(sets: TrainingData, tmp_path: Path, given: str | None) -> None:
    path = tmp_path / given if given else None
    with pytest.raises(
        TrainingError, match=r'starts from "vgg16\.ckpt".*give its path with --start'
    ) as caught:
        train.train(starting_from(tmp_path, "vgg16.ckpt"), sets, tmp_path / "out", Start(path))
    assert given is None or str(path) in str(caught.value)


def test_starting_weights_are_noted(sets: TrainingData, tmp_path: Path) -> None:
    recipe = starting_from(tmp_path, "vgg16.pth")
    start = tmp_path / "mine.pth"
    net = untrained(recipe, sets)
    torch.save(
        {f"{i}.{k}": v for i, (c, _) in enumerate(net.convolutions()) for k, v in c.state_dict().items()},
        start,
    )

    train.train(recipe, sets, tmp_path / "out", Start(start))

    note = json.loads((tmp_path / "out" / "start.json").read_text())
    assert (note["kind"], note["file"], len(note["sha256"])) == ("imagenet", "mine.pth", 64)


def test_the_net_of_another_run_is_a_start(sets: TrainingData, tmp_path: Path) -> None:
    first = loaded(tmp_path, stages=miniature.STAGE.replace("1e-3", "1e-2"))
    former = trained(first, sets, tmp_path / "former")
    recipe = starting_from(tmp_path, "net.pt")
    recipe = replace(recipe, stage=[replace(recipe.stage[0], learning_rate=1e-30)], average_decay=0.0)

    found = trained(recipe, sets, tmp_path / "out", start=Start(tmp_path / "former" / "net.pt"))

    assert json.loads((tmp_path / "out" / "start.json").read_text())["kind"] == "run"
    same = [k for k in former if k.endswith(("weight", "bias"))]
    assert len(same) > 50
    for name in same:
        # Not a bit more than a rate of 1e-30 and the decay of weights may do.
        torch.testing.assert_close(found[name], former[name], rtol=1e-5, atol=1e-7)


def test_broken_starting_weights_are_named(sets: TrainingData, tmp_path: Path) -> None:
    (tmp_path / "vgg16.ckpt").write_bytes(b"no pickle")
    with pytest.raises(DataError, match=r"vgg16\.ckpt is not a weights file"):
        train.train(
            starting_from(tmp_path, "vgg16.ckpt"), sets, tmp_path / "out", Start(tmp_path / "vgg16.ckpt")
        )


def test_a_loss_that_is_no_number_stops_the_training(sets: TrainingData, tmp_path: Path) -> None:
    stages = "[[stage]]\nimage_size = 32\nimages = 40\nlearning_rate = 1e30\n"
    recipe = loaded(tmp_path, stages=stages, lines="checkpoint_every = 1")
    with pytest.raises(TrainingError, match=r"the loss is no number at step \d+: lower learning_rate"):
        train.train(recipe, sets, tmp_path / "out")
    assert not (tmp_path / "out" / "net.pt").exists()


def test_an_output_that_is_no_folder(sets: TrainingData, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(TrainingError, match="out cannot be made a folder"):
        train.train(loaded(tmp_path), sets, tmp_path / "out")


def batches(recipe: Recipe, sets: TrainingData, number: int = 0) -> train._Batches:
    return train._Batches(recipe, recipe.stage[number], number, sets, 1, torch.device("cpu"))


def test_the_same_step_draws_the_same_batch(sets: TrainingData, tmp_path: Path) -> None:
    recipe = loaded(tmp_path)
    one, same, other = (batches(recipe, sets).make(step) for step in (7, 7, 8))
    assert one[0].shape == (4, 3, 32, 32)
    assert torch.equal(one[0], same[0])
    assert all(torch.equal(one[1][name].nan_to_num(-1), same[1][name].nan_to_num(-1)) for name in one[1])
    assert not torch.equal(one[0], other[0])
    shapes = one[1]["blendshapes"][torch.isfinite(one[1]["blendshapes"])]
    assert shapes.min() >= 0
    assert shapes.max() <= 1


def test_each_stage_draws_its_own_batches(sets: TrainingData, tmp_path: Path) -> None:
    recipe = loaded(tmp_path, stages=2 * miniature.STAGE)
    assert not torch.equal(batches(recipe, sets, 0).make(0)[0], batches(recipe, sets, 1).make(0)[0])


def test_each_stage_draws_from_its_own_sets(sets: TrainingData, tmp_path: Path) -> None:
    draws = ["", "draw = { ckplus = 1.0 }\n", "draw = { lfw = 1.0, ferplus = 1.0 }\n"]
    recipe = loaded(tmp_path, stages="".join(miniature.STAGE + draw for draw in draws))
    coded = [
        torch.cat([batches(recipe, sets, number).make(step)[2] for step in range(20)]) == 2.0
        for number in range(3)
    ]
    assert 0.0 < coded[0].float().mean() < 0.3
    assert coded[1].all()
    assert not coded[2].any()


def test_stages_weigh_their_heads_by_themselves(sets: TrainingData, tmp_path: Path) -> None:
    own = "weights = { action_units = 0.0, emotions = 0.0, direct_emotions = 3.0 }\n"
    recipe = loaded(tmp_path, stages=miniature.STAGE + miniature.STAGE + own)
    train.train(recipe, sets, tmp_path / "out")
    first, second = log_of(tmp_path / "out")
    assert set(first) == {"stage", "step", "action_units", "emotions", "direct_emotions", "blendshapes"}
    assert set(second) == {"stage", "step", "direct_emotions", "blendshapes"}
    assert second["direct_emotions"] > 4 * first["direct_emotions"]


def test_shared_stages_do_not_see_the_softened_targets(sets: TrainingData, tmp_path: Path) -> None:
    soft = replace(sets, train=replace(sets.train, emotions=np.full_like(sets.train.emotions, 1 / 8)))
    shared = "draw = { ferplus = 1.0, lfw = 1.0 }\nweights = { action_units = 0.0, emotions = 0.0 }\n"
    recipe = loaded(tmp_path, lines="shared_stages = 1", stages=miniature.STAGE + shared + miniature.STAGE)
    output = tmp_path / "out"
    seen: list[TrainingData] = []
    with pytest.MonkeyPatch.context() as patch:
        real = train.targets_of

        def spy(data: TrainingData, *rest: Any) -> Any:
            seen.append(data)
            return real(data, *rest)

        patch.setattr(train, "targets_of", spy)
        train.train(recipe, sets, output, soft=soft)
    assert [s is soft for s in seen] == [False, True]


DEVICES = miniature.STAGE + 'on = "gpu"\n' + miniature.STAGE + 'on = "cpu"\n' + miniature.STAGE


def test_stages_for_another_device_are_left_out(sets: TrainingData, tmp_path: Path) -> None:
    assert not torch.cuda.is_available()
    train.train(loaded(tmp_path, stages=DEVICES), sets, tmp_path / "out")
    assert [row["stage"] for row in log_of(tmp_path / "out")] == [1, 2]


def test_a_stage_left_out_hands_nothing_over(sets: TrainingData, tmp_path: Path) -> None:
    # The run came from a GPU, where it was in the middle of the first stage.
    recipe = loaded(tmp_path, stages=DEVICES)
    output = tmp_path / "out"
    train.train(recipe, sets, output)
    state = torch.load(output / "checkpoint.pt")
    torch.save({**state, "stage": 0, "step": 1}, output / "checkpoint.pt")
    (output / "log.jsonl").unlink()
    train.train(recipe, sets, output)
    assert [(row["stage"], row["step"]) for row in log_of(output)] == [(1, 0), (2, 0)]


def test_the_first_stage_that_runs_is_averaged_from_its_beginning(sets: TrainingData, tmp_path: Path) -> None:
    # With a decay of 0.998 random weights would otherwise be all that two steps of average know.
    gpu = miniature.STAGE + 'on = "gpu"\n'
    recipe = loaded(tmp_path, stages=gpu + miniature.STAGE.replace("1e-3", "1e-2"))
    start = untrained(recipe, sets).state_dict()["heads.blendshapes.weight"]
    output = tmp_path / "out"
    average = trained(recipe, sets, output)["heads.blendshapes.weight"]
    net = torch.load(output / "checkpoint.pt")["net"]["heads.blendshapes.weight"]
    assert (average - net).norm() < 0.5 * (start - net).norm()


def test_no_stage_for_this_device_is_refused(sets: TrainingData, tmp_path: Path) -> None:
    recipe = loaded(tmp_path, stages=miniature.STAGE + 'on = "gpu"\n')
    with pytest.raises(TrainingError, match=r"none of the stages is for this device \(cpu\)"):
        train.train(recipe, sets, tmp_path / "out")
    assert not (tmp_path / "out" / "net.pt").exists()


def spied_writes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Names of what is written from now on, with the stage that it says."""
    seen: list[tuple[str, int]] = []
    real: Callable[..., None] = checkpoint.write

    def write(path: Path, state: dict[str, Any]) -> None:
        seen.append((path.name, state.get("stage", -1)))
        real(path, state)

    monkeypatch.setattr(checkpoint, "write", write)
    return seen


def test_what_all_folds_share_is_written_before_the_run_is_past_it(
    sets: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = "draw = { ferplus = 1.0, lfw = 1.0 }\nweights = { action_units = 0.0 }\n"
    stages = 2 * (miniature.STAGE + shared) + miniature.STAGE
    seen = spied_writes(monkeypatch)
    train.train(loaded(tmp_path, lines="shared_stages = 2", stages=stages), sets, tmp_path / "out")
    names = [
        ("checkpoint.pt", 1),
        ("shared.pt", 2),
        ("checkpoint.pt", 2),
        ("checkpoint.pt", 3),
        ("net.pt", -1),
    ]
    assert seen == names
    state = torch.load(tmp_path / "out" / "shared.pt")
    assert (state["stage"], state["step"]) == (2, 0)


@pytest.mark.parametrize("kind", ["adamw", "sgd"])
@pytest.mark.parametrize("network", ["vgg16", "small"])
def test_either_optimiser_moves_either_network(
    sets: TrainingData, tmp_path: Path, kind: str, network: str
) -> None:
    recipe = loaded(tmp_path, lines=f'network = "{network}"', tables=f'[optimiser]\nkind = "{kind}"')
    state = trained(recipe, sets, tmp_path / "out")
    assert all(torch.isfinite(tensor).all() for tensor in state.values())
    saved = torch.load(tmp_path / "out" / "checkpoint.pt")["optimiser"]["state"][0]
    assert ("momentum_buffer" in saved) == (kind == "sgd")


FURTHER = {
    "attitude": {"target": "attitude", "reads": "action_units", "balance": 1.0},
    "mood": {"target": "valence_arousal", "reads": "action_units", "hidden": 16},
    "smiling": {"target": "is_happiness"},
}


def with_mood(sets: TrainingData) -> TrainingData:
    """Some faces with valence and arousal: what the teacher says of smiles and open eyes."""
    units = np.nan_to_num(sets.train.action_units[:, [8, 3]])
    mood = (2 * units - 1).astype(np.float32)
    mood[::3] = np.nan
    return replace(sets, train=replace(sets.train, valence_arousal=mood))


def test_further_heads_train_on_the_same_stage(sets: TrainingData, tmp_path: Path) -> None:
    recipe = loaded(tmp_path, tables=miniature.heads(**FURTHER))
    train.train(recipe, with_mood(sets), tmp_path / "out")
    (row,) = log_of(tmp_path / "out")
    assert set(FURTHER) < set(row)


@pytest.mark.parametrize("network", ["vgg16", "small"])
def test_what_further_heads_say_comes_nearer_to_a_fixed_batch(
    sets: TrainingData, tmp_path: Path, network: str
) -> None:
    lines = f'network = "{network}"\ndropout = 0.0'
    recipe = loaded(tmp_path, lines=lines, tables=miniature.heads(**FURTHER))
    known = with_mood(sets)
    torch.manual_seed(3)
    net = build(recipe).train()
    rows = np.flatnonzero(np.isfinite(known.train.emotions).all(axis=1))[:24]
    targets = targets_of(known, recipe.head, 2.0)
    wanted = {h.name: targets.of(rows, np.zeros(len(rows), bool), h.name) for h in recipe.head}
    images = plain_views(known.train, rows, 32)
    shares = {"attitude": torch.full((3,), 1 / 3)}
    moves = torch.optim.Adam(net.parameters(), lr=3e-3)
    costs = []
    for _ in range(25):
        terms = losses(net(images), wanted, torch.ones(len(rows)), recipe, recipe.stage[0], shares)
        costs.append({name: term.item() for name, term in terms.items()})
        moves.zero_grad()
        torch.stack(list(terms.values())).sum().backward()
        moves.step()
    for name in FURTHER:
        assert costs[-1][name] < 0.8 * costs[0][name], name


def test_a_head_without_labels_stops_before_the_first_step(sets: TrainingData, tmp_path: Path) -> None:
    recipe = loaded(tmp_path, tables=miniature.heads(mood={"target": "valence_arousal"}))
    with pytest.raises(DataError, match=r'no picture to train on has a label for the head "mood"'):
        train.train(recipe, sets, tmp_path / "out")
    assert not (tmp_path / "out" / "log.jsonl").exists()


def test_the_sets_are_told_apart(sets: TrainingData) -> None:
    named = np.array(SETS)[sets.source]
    np.testing.assert_array_equal(named == "ckplus", sets.coded)
    assert set(named) == set(SETS) - {"own"}
