"""Fixtures that start and end the real parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from authority import Certificates, make_certificates
from realbroker import MOSQUITTO, Broker, Phone

from edge.mqtt.sink import MqttSink


@pytest.fixture(autouse=True)
def state_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No cue of a test waits in the folder of whoever runs it."""
    folder = tmp_path / "state"
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    return folder / "facecue"


@pytest.fixture
def start_broker(tmp_path: Path) -> Iterator[Callable[..., Broker]]:
    if MOSQUITTO is None:
        pytest.skip("needs the MQTT broker: install mosquitto")
    with ExitStack() as stack:

        def start(*lines: str) -> Broker:
            broker = Broker(tmp_path, *lines)
            stack.callback(broker.kill)
            return broker

        yield start


@pytest.fixture
def broker(start_broker: Callable[..., Broker]) -> Broker:
    return start_broker()


@pytest.fixture
def phone(broker: Broker) -> Iterator[Phone]:
    subscriber = Phone(broker.port)
    yield subscriber
    subscriber.close()


@pytest.fixture
def make_sink() -> Iterator[Callable[..., MqttSink]]:
    with ExitStack() as stack:

        def make(*args: object, **named: object) -> MqttSink:
            sink = MqttSink(*args, **named)  # type: ignore[arg-type]
            stack.callback(sink.close)
            return sink

        yield make


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"))
