"""Fixtures for the checks; the helpers for speech and brokers are those of their own tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from fake_machine import FakeMachine

for _folder in ("mqtt", "speech"):
    sys.path.append(str(Path(__file__).parents[1] / _folder))


@pytest.fixture
def fake(tmp_path: Path) -> FakeMachine:
    """With a USB 2 and a USB 3 hub and nothing plugged in."""
    return FakeMachine(tmp_path / "machine")
