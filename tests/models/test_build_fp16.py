"""The FP16 network comes out of the committed checkpoint exactly as it was proved, or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs the train extra")

from safetensors.torch import load_file, save_file

from edge.backends.openvino_core import OpenVinoBackend
from edge.errors import ModelError
from edge.golden_check import check
from edge.model_folder import open_folder, released
from models.build_fp16 import CHECKPOINT, build


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "model"
    shutil.copytree(released(), made, ignore=lambda path, names: [n for n in names if n.startswith("model.")])
    shutil.copytree(released() / "int8", made / "int8", dirs_exist_ok=True)
    assert not (made / "model.bin").exists()
    return made


def test_it_is_the_network_of_the_card(folder: Path) -> None:
    build(folder)
    opened = open_folder(folder, "fp16")
    device = OpenVinoBackend(opened, "CPU")
    try:
        assert check(opened, device).passed
    finally:
        device.close()


def test_a_changed_checkpoint_builds_nothing(folder: Path) -> None:
    path = folder / CHECKPOINT
    tensors = load_file(path)
    from safetensors import safe_open

    with safe_open(path, framework="pt") as archive:
        metadata = archive.metadata()
    tensors["net.action_unit_head.bias"] += 1.0
    save_file(tensors, path, metadata)
    with pytest.raises(ModelError, match="comes out differently"):
        build(folder)
    assert not (folder / "model.bin").exists()
    assert not list(folder.glob("tmp*"))
