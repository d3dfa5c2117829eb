"""A real model for the tests of the runtime."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tiny_model

from edge.backends import runtimes
from edge.backends.base import Backend
from edge.model_folder import ModelFolder, open_folder


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound model folder; not to be changed."""
    return tiny_model.build(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="session")
def neutral_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound model folder whose second stage reads a person's own neutral; not to be changed."""
    gain = np.linspace(0.0, 1.0, len(tiny_model.UNITS), dtype=np.float32)
    arrays = {"neutral_gain": gain, "neutral_average": np.full_like(gain, -2.0)}
    return tiny_model.build(tmp_path_factory.mktemp("model") / "neutral", **arrays)


@pytest.fixture
def damaged_folder(tiny_folder: Path, tmp_path: Path) -> Path:
    """A copy to be damaged."""
    return Path(shutil.copytree(tiny_folder, tmp_path / "tiny"))


@pytest.fixture(scope="session")
def tiny(tiny_folder: Path) -> ModelFolder:
    return open_folder(tiny_folder)


@pytest.fixture(scope="session")
def tiny_device(tiny: ModelFolder) -> Iterator[Backend]:
    device = runtimes.find().open(tiny, "CPU")
    yield device
    device.close()
