"""Brokers for the tests of a fleet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from fleethelp import MOSQUITTO, Mosquitto


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Callable[[str, str], Mosquitto]]:
    if MOSQUITTO is None:
        pytest.skip("needs the MQTT broker: install mosquitto")
    with ExitStack() as stack:

        def start(name: str, lines: str) -> Mosquitto:
            broker = Mosquitto(tmp_path, name, lines)
            stack.callback(broker.kill)
            return broker

        yield start
