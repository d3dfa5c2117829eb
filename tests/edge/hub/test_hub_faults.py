"""What can be wrong at the start: each is one clear sentence, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import hubhelp
import pytest
from hubhelp import running, wait_until

from edge.errors import HubError
from edge.hub import amqtt_broker, broker, ca, mosquitto
from edge.hub.hub import Hub
from edge.hub.state import StateFolder
from edge.settings import Settings


def test_two_hubs_on_one_port(made: Settings, tmp_path: Path) -> None:
    other = replace(made.hub, state_folder=str(tmp_path / "other"), mqtt_port=broker.free_port())
    with running(made):
        with pytest.raises(HubError, match=rf"port {made.hub.port} is taken .*set hub\.port"):
            Hub(replace(made, hub=other))
        other = replace(other, port=broker.free_port(), mqtt_port=made.hub.mqtt_port)
        with pytest.raises(HubError, match=rf"port {made.hub.mqtt_port} is taken .*set hub\.mqtt_port"):
            Hub(replace(made, hub=other))
        # Neither has taken anything with it.
        other = replace(other, mqtt_port=broker.free_port())
        with running(replace(made, hub=other)) as second:
            assert hubhelp.get(second, "/")[0] == 200


def test_two_hubs_on_one_folder(made: Settings) -> None:
    other = replace(made.hub, port=broker.free_port(), mqtt_port=broker.free_port())
    with running(made), pytest.raises(HubError, match=rf"another facecue hub \(process {os.getpid()}\)"):
        Hub(replace(made, hub=other))


def test_no_broker_installed(made: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mosquitto, "program", lambda: None)
    monkeypatch.setattr(amqtt_broker, "installed", lambda: False)
    with pytest.raises(HubError, match="no broker is installed here: sudo apt-get install mosquitto"):
        Hub(made)
    for wanted, words in (("mosquitto", "mosquitto is not installed"), ("amqtt", "amqtt is not installed")):
        with pytest.raises(HubError, match=words):
            Hub(replace(made, hub=replace(made.hub, broker=wanted)))


def test_a_broker_elsewhere_needs_a_name(made: Settings) -> None:
    with pytest.raises(HubError, match=r"hub\.broker is none and mqtt\.host is empty"):
        Hub(replace(made, hub=replace(made.hub, broker="none")))


def test_an_old_mosquitto(tmp_path: Path) -> None:
    program = tmp_path / "mosquitto"
    program.write_text("#!/bin/sh\necho mosquitto version 1.5.7\nexit 3\n")
    program.chmod(0o755)
    with pytest.raises(HubError, match=r"mosquitto 1\.5 is too old"):
        mosquitto.check_version(str(program))


@pytest.mark.parametrize("kind", ["a file", "below a file"])
def test_a_state_folder_that_cannot_be_written(made: Settings, tmp_path: Path, kind: str) -> None:
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" if kind == "a file" else tmp_path / "file" / "folder"
    with pytest.raises(HubError, match=rf"the folder {place} cannot be written .*set hub\.state_folder"):
        Hub(replace(made, hub=replace(made.hub, state_folder=str(place))))


def test_a_folder_of_the_system_itself() -> None:
    with pytest.raises(HubError, match="cannot be written"):
        StateFolder(Path("/proc/self"))


def test_a_clock_that_was_never_set(made: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ca.time, "time", lambda: 0.0)
    with pytest.raises(HubError, match="the clock says 1970-01-01"):
        Hub(made)


@pytest.mark.parametrize(
    "devices", [["a/b"], ["a+"], ["#"], [" "], ["hub"], ["a", "a"], ["a", "a-phone"], ["a:b"]]
)
def test_names_that_would_open_the_topics_of_others(made: Settings, devices: list[str]) -> None:
    with pytest.raises(HubError, match=r"cannot be the name of a device|would be called"):
        Hub(replace(made, hub=replace(made.hub, devices=devices)))


def test_the_broker_of_a_killed_hub_is_ended(made: Settings, tmp_path: Path) -> None:
    config, state = _config(made, tmp_path), Path(made.hub.state_folder)
    child = _hub(config)
    try:
        wait_until(lambda: broker.listens(made.hub.mqtt_port) and broker.listens(made.hub.port), "it runs")
    finally:
        child.kill()
        child.communicate()
    assert broker.listens(made.hub.mqtt_port), "the broker has outlived the hub"
    try:
        with running(made) as hub:
            assert hubhelp.get(hub, "/")[0] == 200
        assert not broker.listens(made.hub.mqtt_port)
    finally:
        # Should the hub have failed to, nothing of this test may stay.
        broker.end_leftover(state / "broker.pid", state)


def test_the_command_runs_until_it_is_told_to_end(made: Settings, tmp_path: Path) -> None:
    child = _hub(_config(made, tmp_path))
    try:
        assert child.stdout is not None
        line = child.stdout.readline()
        assert line.startswith("phone page at https://") and "broker mosquitto at port" in line
        secret = (Path(made.hub.state_folder) / "passwords" / "glasses-phone").read_text().strip()
        child.send_signal(signal.SIGTERM)
        words, errors = child.communicate(timeout=hubhelp.PATIENCE_SECONDS)
    finally:
        child.kill()
    assert (child.returncode, errors) == (0, "")
    # A service's output is read by others: the journal gets no secret.
    assert secret not in line + words
    assert not broker.listens(made.hub.mqtt_port)


def test_the_command_says_in_one_line_why_it_cannot(made: Settings, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", made.hub.port))
        taken.listen()
        child = _hub(_config(made, tmp_path))
        _, errors = child.communicate(timeout=hubhelp.PATIENCE_SECONDS)
    assert child.returncode == 2
    assert errors.count("\n") == 1 and errors.startswith(f"facecue hub: port {made.hub.port} is taken")


def _config(made: Settings, folder: Path) -> Path:
    hub = made.hub
    config = folder / "facecue.toml"
    config.write_text(
        f'[mqtt]\ndevice = "glasses"\n[hub]\nport = {hub.port}\nmqtt_port = {hub.mqtt_port}\n'
        f'state_folder = "{hub.state_folder}"\npage_folder = "{hub.page_folder}"\n'
        f"devices = {hub.devices}\n".replace("'", '"')
    )
    return config


def _hub(config: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "edge.cli", "hub", "--config", str(config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
