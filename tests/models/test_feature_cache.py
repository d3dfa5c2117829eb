# ruff: noqa: E402 - without the train extra this module is skipped before its imports
"""Stored features are what the frozen blocks answer, or they are refused or made anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("tqdm", reason="needs the train extra")

from models import feature_cache
from models.assemble import TrainingData
from models.batches import Views
from models.checkpoint import TrainingError
from models.data.faceset import FaceSet
from models.feature_cache import FeatureCache, open_or_make
from models.networks.build import build, set_stage
from models.networks.face_net import FaceNet
from models.recipe import Recipe, Stage

pytestmark = [pytest.mark.heavy, pytest.mark.usefixtures("narrow")]
STAGE = Stage(32, 8, 0.01, freeze_blocks=2, cached_copies=2, first_pool=4)


@pytest.fixture(scope="module")
def faces(sets: TrainingData) -> FaceSet:
    return sets.train.take(np.arange(0, 60))


@pytest.fixture(autouse=True)
def small_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_cache, "ROWS", 20)
    monkeypatch.setattr(feature_cache, "NOTED", 1)


def a_net(network: str = "vgg16", seed: int = 1, first_pool: int = 4) -> FaceNet:
    torch.manual_seed(seed)
    net = build(Recipe("tiny", [STAGE], network=network))
    for norm in (m for m in net.modules() if isinstance(m, torch.nn.BatchNorm2d)):
        torch.nn.init.constant_(norm.weight, 2.0)  # or hardly anything would be left behind five blocks
    set_stage(net, first_pool)
    return net.train()


def calls_of(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pictures each pass through the frozen blocks takes, from now on."""
    seen: list[int] = []
    real: Callable[..., torch.Tensor] = feature_cache._answer

    def answer(*args: object) -> torch.Tensor:
        found = real(*args)
        seen.append(len(found))
        return found

    monkeypatch.setattr(feature_cache, "_answer", answer)
    return seen


@pytest.mark.parametrize(("network", "frozen"), [("vgg16", 1), ("vgg16", 2), ("vgg16", 5), ("small", 3)])
def test_a_stored_row_is_what_the_frozen_blocks_answer_to_that_view(
    faces: FaceSet, tmp_path: Path, network: str, frozen: int
) -> None:
    net, views = a_net(network), Views(faces, 32, 1)
    cache = open_or_make(tmp_path, 0, replace(STAGE, freeze_blocks=frozen), net, views)
    assert cache.copies == 2
    assert 0.3 < cache.mirrored.mean() < 0.7
    rows, copies = np.array([3, 3, 41, 59]), np.array([0, 1, 1, 0])

    features, mirrored = cache.take(rows, copies)

    assert net.training  # left as it was
    seeds = [[feature_cache.SEED, int(copy), int(row)] for copy, row in zip(copies, rows)]
    images = views.make(rows, mirrored, seeds)
    net.freeze(frozen)
    net.eval()
    with torch.no_grad():
        torch.testing.assert_close(features, net.prefix(images, frozen), rtol=0.02, atol=0.02)
        # And the blocks behind go on from there as if nothing had come between.
        stored, whole = net(features, frozen), net(images)
    for name, answer in whole.items():
        torch.testing.assert_close(stored[name], answer, rtol=0.02, atol=0.02)
    assert features.std() > 0.01
    assert not torch.equal(features[0], features[1])  # two copies are two views


def test_what_was_stored_is_found_again(
    faces: FaceSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_or_make(tmp_path, 0, STAGE, a_net(), Views(faces, 32, 1))
    calls = calls_of(monkeypatch)
    again = open_or_make(tmp_path, 0, STAGE, a_net(), Views(faces, 32, 1))
    np.testing.assert_array_equal(first.features, again.features)
    np.testing.assert_array_equal(first.mirrored, again.mirrored)
    assert calls == [1] * (1 + feature_cache.CHECKED)  # the shape, and the rows that are compared


class Killed(BaseException):
    """Ends a run where it stands."""


def cut_off(faces: FaceSet, folder: Path, call: int) -> None:
    """Stops at the call of this number; the first one asks for the shape."""
    real = feature_cache._answer
    calls = 0

    def answer(*args: object) -> torch.Tensor:
        nonlocal calls
        calls += 1
        if calls == call:
            raise Killed
        return real(*args)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(feature_cache, "_answer", answer)
        open_or_make(folder, 0, STAGE, a_net(), Views(faces, 32, 1))


def opened(faces: FaceSet, folder: Path) -> FeatureCache:
    return open_or_make(folder, 0, STAGE, a_net(), Views(faces, 32, 1))


def test_a_half_filled_cache_goes_on_where_it_stood(
    faces: FaceSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = opened(faces, tmp_path / "whole")
    cut_off(faces, tmp_path / "cut", 6)
    calls = calls_of(monkeypatch)
    found = opened(faces, tmp_path / "cut")
    assert calls == [1, 20, 20] + [1] * feature_cache.CHECKED  # four of six were there
    np.testing.assert_array_equal(found.features, whole.features)


@pytest.mark.parametrize("text", ["", '{"key": "', "[]", '{"done": 6}', '{"key": 3, "done": null}'])
def test_a_half_written_note_is_no_note(faces: FaceSet, tmp_path: Path, text: str) -> None:
    whole = opened(faces, tmp_path / "whole")
    cut_off(faces, tmp_path / "cut", 4)
    (tmp_path / "cut" / "features-0" / "key.json").write_text(text)
    np.testing.assert_array_equal(opened(faces, tmp_path / "cut").features, whole.features)


def test_a_note_without_its_features_is_not_believed(faces: FaceSet, tmp_path: Path) -> None:
    whole = np.array(opened(faces, tmp_path).features)
    (tmp_path / "features-0" / "features.npy").unlink()
    cut_off(faces, tmp_path, 2)  # a new file of zeros, and nothing yet in it
    np.testing.assert_array_equal(opened(faces, tmp_path).features, whole)


@pytest.mark.parametrize(
    "changed", ["weights", "pictures", "order", "size", "pooling", "depth", "copies", "statistics"]
)
def test_for_anything_else_it_is_made_anew(faces: FaceSet, tmp_path: Path, changed: str) -> None:
    opened(faces, tmp_path)
    key = json.loads((tmp_path / "features-0" / "key.json").read_text())["key"]
    net, stage, size = a_net(), STAGE, 32
    if changed == "weights":
        net = a_net(seed=2)
    elif changed == "statistics":
        net.blocks[1][1].running_mean += 1.0
    elif changed in ("pictures", "order"):
        faces = faces.take(np.arange(59) if changed == "pictures" else np.arange(60)[::-1])
    elif changed == "size":
        stage, size = replace(STAGE, image_size=40), 40
    elif changed == "pooling":
        net, stage = a_net(first_pool=2), replace(STAGE, first_pool=2)
    elif changed == "depth":
        stage = replace(STAGE, freeze_blocks=1)
    else:
        stage = replace(STAGE, cached_copies=3)
    views = Views(faces, size, 1)
    fresh = open_or_make(tmp_path / "fresh", 0, stage, net, views)

    found = open_or_make(tmp_path, 0, stage, net, views)

    assert json.loads((tmp_path / "features-0" / "key.json").read_text())["key"] != key
    np.testing.assert_array_equal(found.features, fresh.features)


def test_blocks_that_are_not_frozen_do_not_matter(
    faces: FaceSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(faces, tmp_path)
    net = a_net()
    with torch.no_grad():
        net.blocks[3][0].weight += 1.0
    calls = calls_of(monkeypatch)
    open_or_make(tmp_path, 0, STAGE, net, Views(faces, 32, 1))
    assert max(calls) == 1


@pytest.mark.parametrize("damage", ["other rows", "zeros", "cut off", "other shape", "no numpy"])
def test_a_damaged_cache_is_refused_in_one_sentence(faces: FaceSet, tmp_path: Path, damage: str) -> None:
    whole = np.array(opened(faces, tmp_path).features)
    path = tmp_path / "features-0" / "features.npy"
    raw = path.read_bytes()
    if damage == "other rows":
        np.save(path, np.roll(whole, 1, axis=1))  # out of step with its labels
    elif damage == "zeros":
        np.save(path, np.zeros_like(whole))
    elif damage == "other shape":
        np.save(path, whole[:, :, :-1])
    else:
        path.write_bytes({"cut off": raw[:-5000], "no numpy": b"letters"}[damage])
    told = {"other rows": "other features than the net gives now", "zeros": "other features than"}
    with pytest.raises(TrainingError, match=told.get(damage, r"features\.npy is damaged \(")) as caught:
        opened(faces, tmp_path)
    message = str(caught.value)
    assert str(tmp_path / "features-0") in message
    assert message.endswith(", then go on")
    assert "\n" not in message
