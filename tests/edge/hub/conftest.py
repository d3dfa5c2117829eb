"""A hub with a real mosquitto for the tests that only read, and settings for those that need their own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import hubhelp
import pytest

from edge.hub import mosquitto
from edge.hub.hub import Hub
from edge.settings import Settings


@pytest.fixture(scope="session")
def needs_openssl() -> None:
    if shutil.which("openssl") is None:
        pytest.skip("needs the program openssl")


@pytest.fixture(scope="session")
def needs_broker(needs_openssl: None) -> None:
    if mosquitto.program() is None:
        pytest.skip("needs the MQTT broker: install mosquitto")


@pytest.fixture(scope="module")
def shared(needs_broker: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hub, Settings]]:
    """One hub for a whole file; not to be changed."""
    made = hubhelp.settings(tmp_path_factory.mktemp("hub"))
    with hubhelp.running(made) as hub:
        yield hub, made


@pytest.fixture
def made(needs_broker: None, tmp_path: Path) -> Settings:
    """Settings for a hub of one's own."""
    return hubhelp.settings(tmp_path)
