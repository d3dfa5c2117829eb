"""The networks come out of the committed checkpoint exactly as they were proved, or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs the train extra")

from safetensors import safe_open
from safetensors.torch import load_file, save_file

from edge.backends import runtimes
from edge.errors import ModelError
from edge.golden_check import check
from edge.model_folder import open_folder, released
from export.legacy.environment import LegacyEnvironment
from models.build_networks import CHECKPOINT, build

pytestmark = pytest.mark.heavy
SMALL = "small-au"
CARRIED = ("card.json", "emotions.npz", "golden.npz", CHECKPOINT)


def silent(_: str) -> None: ...


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a network is built from."""
    made = tmp_path / "model"
    made.mkdir()
    for name in CARRIED:
        shutil.copy(released(SMALL) / name, made / name)
    return made


@pytest.mark.parametrize(("kind", "runtime"), [("fp16", "openvino"), ("onnx", "onnxruntime")])
def test_it_is_the_network_of_the_card(folder: Path, kind: str, runtime: str) -> None:
    assert build(folder, [kind], silent) == [kind]
    opened = open_folder(folder, kind)
    device = runtimes.find(runtime).open(opened, "CPU")
    try:
        assert check(opened, device).passed
    finally:
        device.close()
    assert build(folder, [kind], silent) == []


def test_the_stick_s_network_is_the_one_of_the_card(folder: Path, legacy: LegacyEnvironment) -> None:
    # Its hashes in the card are of another machine and another day.
    assert legacy.python.is_file()
    assert build(folder, ["stick"], silent) == ["stick"]
    assert open_folder(folder, "stick").artefact.ir_version == 10


def test_a_changed_checkpoint_builds_nothing(folder: Path) -> None:
    path = folder / CHECKPOINT
    tensors = load_file(path)
    with safe_open(path, framework="pt") as archive:
        metadata = archive.metadata()
    tensors["net.action_unit_head.bias"] += 1.0
    save_file(tensors, path, metadata)
    before = sorted(p.name for p in folder.iterdir())
    with pytest.raises(ModelError, match=r"model\.bin of .* come out differently"):
        build(folder, ["fp16"], silent)
    assert sorted(p.name for p in folder.iterdir()) == before


def test_a_network_that_the_card_does_not_know(folder: Path) -> None:
    with pytest.raises(ModelError, match="has no network fp32; it has int8, fp16"):
        build(folder, ["fp32"], silent)
