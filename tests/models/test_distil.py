# ruff: noqa: E402 - without the train extra this module is skipped before its imports
"""What one net says is mixed into what another one is taught."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import miniature
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("safetensors", reason="needs the train extra")

from edge.emotions import EmotionStage, probability
from edge.facs import ACTION_UNITS, EMOTIONS, UNIT_COLUMNS
from models import distil as distilling
from models.assemble import TrainingData
from models.batches import plain_views
from models.data.readers import DataError
from models.distil import distil
from models.networks import deployed
from models.networks.build import build
from models.networks.deployed import Released
from models.recipe import DistilRecipe, Recipe, Stage

pytestmark = [pytest.mark.heavy, pytest.mark.usefixtures("narrow")]


def released(**facts: Any) -> Released:
    """A net that answers differently for different pictures, and not the same for their mirror images."""
    torch.manual_seed(2)
    net = build(Recipe("teacher", [Stage(32, 8, 1.0)]))
    for norm in (m for m in net.modules() if isinstance(m, torch.nn.BatchNorm2d)):
        norm.momentum = None  # the statistics of what it saw, whole: or hardly anything would be left to see
    rng = np.random.default_rng(1)
    drawn = np.stack([miniature.face(32, rng.random(16) < 0.3, rng) for _ in range(64)])
    with torch.no_grad():
        net.train()(torch.from_numpy(drawn)[:, None].float().expand(-1, 3, -1, -1))
    net.eval()
    torch.nn.init.normal_(net.heads["action_units"].weight, std=1.0)
    torch.nn.init.normal_(net.heads["emotions"].output.weight, std=1.0)
    thresholds = np.zeros(len(UNIT_COLUMNS), np.float32)
    usual = {
        "name": "teacher",
        "network": "vgg16",
        "image_size": 32,
        "first_pool": 2,
        "action_units": list(UNIT_COLUMNS),
        "emotions": list(EMOTIONS),
    }
    stage = deployed.shifted_stage(net, thresholds, 1.0)
    return Released(deployed.fold(net, thresholds), stage, {**usual, **facts})


@pytest.fixture(scope="module")
def teacher(narrow: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("teacher") / "net.safetensors"
    deployed.save(released(), path)
    return path


@pytest.fixture(autouse=True)
def whole_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """In bfloat16, which some processors have, a net that answers as wildly as this one is off by much."""
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)


def half(path: Path, **changes: Any) -> DistilRecipe:
    return replace(DistilRecipe(str(path), 0.5, 0.5), **changes)


@torch.no_grad()
def said(path: Path, sets: TrainingData) -> np.ndarray:
    """The teacher's log-odds, computed here: of pictures and mirror images, whose sides are swapped."""
    net = deployed.load(path).net
    images = plain_views(sets.train, np.arange(len(sets.train)), 32)
    plain, mirrored = net(images).numpy(), net(images.flip(3)).numpy()
    assert np.abs(plain - mirrored).max() > 0.01
    return (plain + mirrored[:, [*range(22), 23, 22, 25, 24]]) / 2


def test_without_a_model_nothing_changes(sets: TrainingData, tmp_path: Path) -> None:
    assert distil(sets, DistilRecipe(), tmp_path) is sets
    assert list(tmp_path.iterdir()) == []


def test_targets_are_mixed_as_the_recipe_says(sets: TrainingData, teacher: Path, tmp_path: Path) -> None:
    logits = said(teacher, sets)
    soft = probability(logits)
    assert np.abs(soft - soft[::-1]).max(axis=0).min() > 0.05  # pictures are told apart by every unit

    found = distil(sets, half(teacher, action_units=0.25), tmp_path).train

    before, free = sets.train.action_units, ~sets.coded
    known = np.isfinite(before) & free[:, None]
    wanted = 0.75 * before + 0.25 * soft
    np.testing.assert_allclose(found.action_units[known], wanted[known], atol=0.01)
    # Where nobody knows, not even the first teacher, its word is all there is.
    unknown = np.isnan(before) & free[:, None]
    assert unknown.any()
    np.testing.assert_allclose(found.action_units[unknown], soft[unknown], atol=0.01)
    stage = EmotionStage(UNIT_COLUMNS, EMOTIONS, 0.0, **deployed.load(teacher).stage)
    voted = np.isfinite(sets.train.emotions).all(axis=1)
    mixed = 0.5 * sets.train.emotions + 0.5 * stage.probabilities(logits)
    np.testing.assert_allclose(found.emotions[voted], mixed[voted], atol=0.01)
    np.testing.assert_allclose(found.emotions[voted].sum(axis=1), 1.0, atol=1e-5)
    assert np.isnan(found.emotions[~voted]).all()


def test_a_coders_word_is_left_as_it_is(sets: TrainingData, teacher: Path, tmp_path: Path) -> None:
    found = distil(sets, half(teacher, action_units=1.0), tmp_path)
    coded = sets.coded
    np.testing.assert_array_equal(found.train.action_units[coded], sets.train.action_units[coded])
    assert not np.array_equal(
        found.train.action_units[~coded], sets.train.action_units[~coded], equal_nan=True
    )
    for held in ("test", "calibration", "valid", "rest"):
        assert getattr(found, held) is getattr(sets, held)


@pytest.mark.parametrize("share", ["emotions", "action_units"])
def test_a_share_of_nothing_leaves_the_labels(
    sets: TrainingData, teacher: Path, tmp_path: Path, share: str
) -> None:
    found = distil(sets, half(teacher, **{share: 0.0}), tmp_path).train
    before = getattr(sets.train, share)
    known = np.isfinite(before)
    np.testing.assert_array_equal(getattr(found, share)[known], before[known])


def test_units_that_it_is_not_asked_of(sets: TrainingData, teacher: Path, tmp_path: Path) -> None:
    found = distil(sets, half(teacher, without=["AU14", "AU12L"]), tmp_path).train.action_units
    asked = [k for k, name in enumerate(UNIT_COLUMNS) if name not in ("AU14", "AU12L")]
    before = sets.train.action_units
    left = [k for k in range(26) if k not in asked]
    np.testing.assert_array_equal(found[:, left], before[:, left])
    free = ~sets.coded
    assert not any(np.array_equal(found[free, k], before[free, k], equal_nan=True) for k in asked)


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pictures each question to the teacher is about, from now on."""
    seen: list[int] = []
    real: Callable[..., Any] = distilling._ask

    def ask(net: Released, faces: Any) -> Any:
        seen.append(len(faces))
        return real(net, faces)

    monkeypatch.setattr(distilling, "_ask", ask)
    return seen


def test_answers_are_found_again(
    sets: TrainingData, teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = counted(monkeypatch)
    first = distil(sets, half(teacher), tmp_path).train
    again = distil(sets, half(teacher), tmp_path).train
    assert seen == [len(sets.train)]
    np.testing.assert_array_equal(first.action_units, again.action_units)
    distil(sets, half(teacher, emotions=0.1), tmp_path)  # only the mixture is another
    assert len(seen) == 1


@pytest.mark.parametrize("changed", ["teacher", "pictures"])
def test_other_answers_are_not_taken(
    sets: TrainingData, teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    distil(sets, half(teacher), tmp_path)
    seen = counted(monkeypatch)
    if changed == "teacher":
        other = released(version="2")
        teacher = tmp_path / "other.safetensors"
        deployed.save(other, teacher)
    else:
        images = [np.ascontiguousarray(image[::-1]) for image in sets.train.images]
        sets = replace(sets, train=replace(sets.train, images=images))
    distil(sets, half(teacher), tmp_path)
    assert len(seen) == 1


@pytest.mark.parametrize("raw", [b"", b"PK\x03\x04 half an archive", b"letters"])
def test_answers_cut_off_by_a_kill_are_asked_for_again(
    sets: TrainingData, teacher: Path, tmp_path: Path, raw: bytes
) -> None:
    whole = distil(sets, half(teacher), tmp_path / "whole").train
    distil(sets, half(teacher), tmp_path)
    path = tmp_path / "distilled.npz"
    path.write_bytes(raw if raw != b"letters" else path.read_bytes()[:-300])
    found = distil(sets, half(teacher), tmp_path).train
    np.testing.assert_array_equal(found.action_units, whole.action_units)


def test_a_file_beside_the_data_comes_first(sets: TrainingData, teacher: Path, tmp_path: Path) -> None:
    beside = distil(sets, half(Path(teacher.name)), tmp_path, teacher.parent).train
    named = distil(sets, half(teacher), tmp_path).train
    np.testing.assert_array_equal(beside.action_units, named.action_units)


def refusal(sets: TrainingData, path: Path, folder: Path) -> str:
    with pytest.raises(DataError) as caught:
        distil(sets, half(path), folder / "out")
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (folder / "out").exists()
    return str(caught.value)


def test_a_net_of_other_units_is_refused(sets: TrainingData, tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    deployed.save(released(action_units=[*list(ACTION_UNITS)[:22], "AU99", "AU12R", "AU43", "AU14R"]), path)
    assert "reads the units AU99, AU43, which no set here has" in refusal(sets, path, tmp_path)


@pytest.mark.parametrize("named", [None, list(reversed(EMOTIONS)), ["happiness"]])
def test_a_net_of_other_emotions_is_refused(
    sets: TrainingData, tmp_path: Path, named: list[str] | None
) -> None:
    path, net = tmp_path / "net.safetensors", released()
    if named is None:
        del net.facts["emotions"]
    else:
        net.facts["emotions"] = named
    deployed.save(net, path)
    assert "does not name the emotions neutral, happiness, " in refusal(sets, path, tmp_path)


def test_a_missing_net_is_named(sets: TrainingData, tmp_path: Path) -> None:
    assert "there is no checkpoint" in refusal(sets, tmp_path / "nowhere.safetensors", tmp_path)
