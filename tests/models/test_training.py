# ruff: noqa: E402 - without the train extra this module is skipped before its imports
"""Training itself: it learns, it goes on after a kill, and it says what hinders it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import miniature
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("tqdm", reason="needs the train extra")

from models import recipe as recipes
from models import train
from models.assemble import TrainingData, assemble
from models.data.readers import DataError
from models.networks.vgg_face_au import VggFaceAu
from models.recipe import Recipe
from models.train import TrainingError

pytestmark = [pytest.mark.heavy, pytest.mark.usefixtures("narrow")]
ROOT = Path(__file__).resolve().parents[2]

TWO_STAGES = """
[[stage]]
image_size = 32
images = 20
learning_rate = 3e-3
[[stage]]
image_size = 40
images = 20
learning_rate = 1e-3
freeze_blocks = 1
first_pool = 4
"""


def loaded(folder: Path, **parts: str) -> Recipe:
    return recipes.load(miniature.recipe(folder / "tiny.toml", **parts))


@pytest.fixture(scope="module")
def sets(data: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainingData:
    return assemble(loaded(tmp_path_factory.mktemp("recipe")), data)


def test_killed_three_times_it_ends_as_if_nothing_had_happened(data: Path, tmp_path: Path) -> None:
    recipe = miniature.recipe(tmp_path / "tiny.toml", lines="checkpoint_every = 1", stages=TWO_STAGES)
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("killed_training.py"), data, recipe, tmp_path],
        cwd=ROOT,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    killed = str(int(signal.SIGKILL))
    assert done.stdout.split() == ["0", killed, killed, killed, "0"], done.stderr
    one, other = (torch.load(tmp_path / f / "net.pt") for f in ("undisturbed", "killed"))
    assert one["recipe"] == other["recipe"]
    assert one["net"].keys() == other["net"].keys()
    for name, tensor in one["net"].items():
        assert torch.equal(tensor, other["net"][name]), name


def test_it_learns_what_the_drawings_show(sets: TrainingData, tmp_path: Path) -> None:
    stages = "[[stage]]\nimage_size = 32\nimages = 320\nlearning_rate = 1e-2\n"
    recipe = loaded(tmp_path, stages=stages, lines="dropout = 0.0\naverage_decay = 0.9")

    train.train(recipe, sets, tmp_path / "out", None)

    rows = [json.loads(line) for line in (tmp_path / "out" / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == list(range(0, 80, 20))
    first, last = rows[0], {k: np.mean([row[k] for row in rows[-1:]]) for k in rows[0]}
    assert last["action_units"] < 0.95 * first["action_units"]
    assert last["blendshapes"] < 0.95 * first["blendshapes"]


def test_frozen_blocks_stay_as_they_were(sets: TrainingData, tmp_path: Path) -> None:
    stages = "[[stage]]\nimage_size = 32\nimages = 12\nlearning_rate = 1e-2\nfreeze_blocks = 2\n"
    recipe = loaded(tmp_path, stages=stages, lines="average_decay = 0.0")
    torch.manual_seed(recipe.seed)
    before = train.build(recipe)
    sample = train._plain(sets.train, np.arange(len(sets.train))[:256], 48)
    train.initialise.preserve(before, sample)

    state = torch.load(train.train(recipe, sets, tmp_path / "out", None))["net"]

    for name, tensor in before.state_dict().items():
        frozen = name.startswith(("blocks.0.", "blocks.1.", "mean", "scale"))
        changed = not torch.equal(tensor, state[name])
        assert not (frozen and changed), name
        if name.endswith(("weight", "running_mean")) and not frozen:
            assert changed, name


def test_a_finished_run_is_not_run_again(
    sets: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = loaded(tmp_path)
    once = torch.load(train.train(recipe, sets, tmp_path / "out", None))["net"]
    monkeypatch.delattr(train, "draw")
    again = torch.load(train.train(recipe, sets, tmp_path / "out", None))["net"]
    assert all(torch.equal(tensor, again[name]) for name, tensor in once.items())


def test_another_recipe_on_the_same_output_is_refused(sets: TrainingData, tmp_path: Path) -> None:
    train.train(loaded(tmp_path), sets, tmp_path / "out", None)
    before = (tmp_path / "out" / "net.pt").read_bytes()
    with pytest.raises(
        TrainingError, match=r"checkpoint\.pt belongs to another recipe: give another --output"
    ):
        train.train(loaded(tmp_path, lines="seed = 2"), sets, tmp_path / "out", None)
    assert (tmp_path / "out" / "net.pt").read_bytes() == before


@pytest.mark.parametrize("damage", ["no bytes", "cut off", "other bytes", "other content"])
def test_a_damaged_checkpoint_is_one_sentence(sets: TrainingData, tmp_path: Path, damage: str) -> None:
    recipe = loaded(tmp_path)
    train.train(recipe, sets, tmp_path / "out", None)
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
        train.train(recipe, sets, tmp_path / "out", None)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("given", [None, "nowhere.ckpt"])
def test_missing_starting_weights_are_named(sets: TrainingData, tmp_path: Path, given: str | None) -> None:
    text = miniature.recipe(tmp_path / "r.toml").read_text().replace('start = ""', 'start = "vgg16.ckpt"')
    (tmp_path / "r.toml").write_text(text)
    start = tmp_path / given if given else None
    with pytest.raises(
        TrainingError, match=r'starts from "vgg16\.ckpt".*give its path with --start'
    ) as caught:
        train.train(recipes.load(tmp_path / "r.toml"), sets, tmp_path / "out", start)
    assert given is None or str(start) in str(caught.value)


def test_starting_weights_are_noted(sets: TrainingData, tmp_path: Path) -> None:
    text = miniature.recipe(tmp_path / "r.toml").read_text().replace('start = ""', 'start = "vgg16.pth"')
    (tmp_path / "r.toml").write_text(text)
    start = tmp_path / "mine.pth"
    net = train.build(recipes.load(tmp_path / "r.toml"))
    torch.save(
        {f"{i}.{k}": v for i, (c, _) in enumerate(net.convolutions()) for k, v in c.state_dict().items()},
        start,
    )

    train.train(recipes.load(tmp_path / "r.toml"), sets, tmp_path / "out", start)

    note = json.loads((tmp_path / "out" / "start.json").read_text())
    assert (note["kind"], note["file"], len(note["sha256"])) == ("imagenet", "mine.pth", 64)


def test_broken_starting_weights_are_named(sets: TrainingData, tmp_path: Path) -> None:
    text = miniature.recipe(tmp_path / "r.toml").read_text().replace('start = ""', 'start = "vgg16.ckpt"')
    (tmp_path / "r.toml").write_text(text)
    (tmp_path / "vgg16.ckpt").write_bytes(b"no pickle")
    with pytest.raises(DataError, match=r"vgg16\.ckpt is not a weights file"):
        train.train(recipes.load(tmp_path / "r.toml"), sets, tmp_path / "out", tmp_path / "vgg16.ckpt")


def test_a_loss_that_is_no_number_stops_the_training(sets: TrainingData, tmp_path: Path) -> None:
    stages = "[[stage]]\nimage_size = 32\nimages = 40\nlearning_rate = 1e30\n"
    recipe = loaded(tmp_path, stages=stages, lines="checkpoint_every = 1")
    with pytest.raises(TrainingError, match=r"the loss is no number at step \d+: lower learning_rate"):
        train.train(recipe, sets, tmp_path / "out", None)
    assert not (tmp_path / "out" / "net.pt").exists()


def test_an_output_that_is_no_folder(sets: TrainingData, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(TrainingError, match="out cannot be made a folder"):
        train.train(loaded(tmp_path), sets, tmp_path / "out", None)


def test_the_same_step_draws_the_same_batch(sets: TrainingData, tmp_path: Path) -> None:
    recipe, device = loaded(tmp_path), torch.device("cpu")
    one, same, other = (
        train.draw(sets, recipe, 32, np.random.default_rng([1, 0, step]), device) for step in (7, 7, 8)
    )
    assert one.images.shape == (4, 3, 32, 32)
    assert torch.equal(one.images, same.images)
    assert not torch.equal(one.images, other.images)
    shapes = one.blendshapes[torch.isfinite(one.blendshapes)]
    assert shapes.min() >= 0
    assert shapes.max() <= 1


def test_the_rate_rises_and_falls() -> None:
    rates = [train._rate(step, 100) for step in range(100)]
    assert rates.index(max(rates)) == 5
    assert max(rates) == pytest.approx(1.0)
    assert rates[0] < 0.2
    assert rates[-1] < 0.02
    assert all(a > b for a, b in zip(rates[6:], rates[7:]))


def test_the_average_follows_the_net() -> None:
    torch.manual_seed(1)
    average, net = VggFaceAu(22, 8, 52), VggFaceAu(22, 8, 52)
    start = average.action_unit_head.weight.detach().clone()
    train._follow(average, net, 0.75)
    wanted = 0.75 * start + 0.25 * net.action_unit_head.weight
    torch.testing.assert_close(average.action_unit_head.weight, wanted)
