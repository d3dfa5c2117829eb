from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import miniature
import pytest

if TYPE_CHECKING:
    from models.assemble import TrainingData

NARROW = ((4, 4), (8, 8), (8, 8, 8), (8, 8, 8), (8, 8, 8))


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of miniature data sets; not to be changed."""
    return miniature.write(tmp_path_factory.mktemp("data"))


@pytest.fixture
def own_data(data: Path, tmp_path: Path) -> Path:
    """A copy to be damaged."""
    return Path(shutil.copytree(data, tmp_path / "data"))


@pytest.fixture(scope="session")
def sets(data: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainingData:
    """The miniature data sets, assembled; not to be changed."""
    from models import recipe as recipes
    from models.assemble import assemble

    path = miniature.recipe(tmp_path_factory.mktemp("recipe") / "tiny.toml")
    return assemble(recipes.load(path), data)


@pytest.fixture(scope="module")
def narrow() -> Iterator[None]:
    """VGG-16 with its thirteen convolutions, but so few channels that a step takes milliseconds."""
    import torch

    from models.networks import vgg_face_au

    # Layers this small only wait for each other on several threads.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vgg_face_au, "BLOCKS", NARROW)
        yield
    torch.set_num_threads(threads)
