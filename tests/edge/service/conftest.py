from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from service_manager import Manager


@pytest.fixture
def manager() -> Iterator[Manager]:
    # A socket's path may not be long, and tmp_path may be.
    with tempfile.TemporaryDirectory() as folder:
        manager = Manager(str(Path(folder) / "notify"))
        yield manager
        manager.close()
