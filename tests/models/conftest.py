from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import miniature
import pytest

NARROW = ((4, 4), (8, 8), (8, 8, 8), (8, 8, 8), (8, 8, 8))


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of miniature data sets; not to be changed."""
    return miniature.write(tmp_path_factory.mktemp("data"))


@pytest.fixture
def own_data(data: Path, tmp_path: Path) -> Path:
    """A copy to be damaged."""
    return Path(shutil.copytree(data, tmp_path / "data"))


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """VGG-16 with its thirteen convolutions, but so few channels that a step takes milliseconds."""
    import torch

    from models.networks import deployed, vgg_face_au

    # Layers this small only wait for each other on several threads.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    monkeypatch.setattr(vgg_face_au, "BLOCKS", NARROW)
    monkeypatch.setattr(deployed, "BLOCKS", NARROW)
    yield
    torch.set_num_threads(threads)
