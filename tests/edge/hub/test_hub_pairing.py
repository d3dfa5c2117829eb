"""Pairing: a link with its secret behind the "#", a code that cameras read, lines that let a device in."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import cv2
import numpy as np
import pytest
from hubhelp import settings

from edge import settings as settings_module
from edge.errors import HubError
from edge.hub import access, names, pairing
from edge.hub.state import StateFolder, folder_of
from edge.mqtt.credentials import password

ROOT = Path(__file__).parents[3]
LONG = (
    "https://raspberrypi.local:8443/#device=glasses-of-anna&user=glasses-of-anna-phone&password=" + "x" * 22
)


def test_the_secret_stands_behind_the_hash_alone(tmp_path: Path) -> None:
    made = settings(tmp_path, names=["pi.local"])
    state = StateFolder(tmp_path / "state")
    found = access.pair(made, state, "glasses")
    parts = urlsplit(found.link)
    secret = state.secret("passwords/glasses-phone")
    assert parse_qs(parts.fragment) == {
        "device": ["glasses"],
        "user": ["glasses-phone"],
        "password": [secret],
    }
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"https://pi.local:{made.hub.port}/"
    assert parts.query == "" and len(secret) >= 22
    assert urlsplit(found.status).fragment == f"token={state.secret('status-token')}"
    assert secret not in found.install + found.spoken + found.status
    assert urlsplit(found.install).scheme == "http"


def test_the_phone_page_reads_the_link(tmp_path: Path) -> None:
    node, reader = shutil.which("node"), ROOT / "deploy" / "phone" / "src" / "pairing.js"
    if node is None or not reader.exists():
        pytest.skip("needs node, and the phone page's sources")
    made, state = settings(tmp_path, names=["pi.local"]), StateFolder(tmp_path / "state")
    made = replace(made, mqtt=replace(made.mqtt, prefix="house 1/facecue"))
    link = access.pair(made, state, "glasses").link
    script = f"""import {{ read }} from {json.dumps(reader.as_uri())};
    console.log(JSON.stringify(read({json.dumps(link)}, new URL({json.dumps(link)}))));"""
    done = subprocess.run([node, "--input-type=module", "-e", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "broker": f"wss://pi.local:{made.hub.port}/mqtt",
        "device": "glasses",
        "prefix": "house 1/facecue",
        "user": "glasses-phone",
        "password": state.secret("passwords/glasses-phone"),
    }


def test_another_prefix_and_a_broker_elsewhere_are_in_the_link(tmp_path: Path) -> None:
    made = settings(tmp_path, broker="none", websocket="wss://broker.home:8884/mqtt")
    made = replace(made, mqtt=replace(made.mqtt, prefix="house/facecue", host="broker.home"))
    fields = parse_qs(urlsplit(access.pair(made, StateFolder(tmp_path / "state"), "glasses").link).fragment)
    assert fields["prefix"] == ["house/facecue"]
    assert fields["broker"] == ["wss://broker.home:8884/mqtt"]
    assert "password" not in fields


def test_an_unknown_device_is_told(tmp_path: Path) -> None:
    made, state = settings(tmp_path), StateFolder(tmp_path / "state")
    for ask in (access.pair, access.device_settings):
        with pytest.raises(HubError, match="no device is called 'door': it is one of glasses, lamp"):
            ask(made, state, "door")


@pytest.mark.parametrize("text", ["http://10.0.0.7:8443/", LONG])
def test_a_camera_reads_the_code_as_the_terminal_draws_it(text: str) -> None:
    drawn = re.sub(r"\x1b\[[\d;]*m", "", pairing.drawn(text)).splitlines()
    # Two modules a character, light where the glyph is.
    halves = {" ": (0, 0), "▄": (0, 255), "▀": (255, 0), "█": (255, 255)}
    rows = [[halves[c][half] for c in line] for line in drawn for half in (0, 1)]
    picture = np.array(rows, np.uint8).repeat(6, 0).repeat(6, 1)
    assert cv2.QRCodeDetector().detectAndDecode(picture)[0] == text
    assert not pairing.modules(text)[:4].any() and not pairing.modules(text)[:, -4:].any()


def test_an_address_for_the_ear() -> None:
    assert pairing.spoken("my-pi.local", 8443) == "my dash pi dot local colon 8 4 4 3"


def test_the_name_that_stays_is_taken_where_somebody_answers_to_it(tmp_path: Path) -> None:
    assert names.best(["Cue.Home"]) == "cue.home"
    responder = tmp_path / "pid"
    responder.write_text("1")
    assert names.best([], [str(responder)]).endswith(".local")
    assert names.is_address(names.best([], [str(tmp_path / "none")]))


def test_addresses_of_the_internet_are_not_named() -> None:
    assert "127.0.0.1" in names.addresses()
    assert names.addresses(["8.8.8.8", "pi.home"]) == sorted({*names.addresses(), "8.8.8.8"})


def test_the_lines_for_a_device_are_settings_that_load(tmp_path: Path) -> None:
    made, state = settings(tmp_path), StateFolder(tmp_path / "state")
    state.write("ca.crt", "certificate")
    config = tmp_path / "device.toml"
    config.write_text(access.device_settings(made, state, "lamp"))
    loaded = settings_module.load(config, {}).mqtt
    assert (loaded.device, loaded.username, loaded.tls) == ("lamp", "lamp", True)
    assert password(loaded) == state.secret("passwords/lamp")


def test_where_the_state_folder_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert folder_of("/some/where") == Path("/some/where")
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    assert folder_of("") == tmp_path
    monkeypatch.delenv("STATE_DIRECTORY")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert folder_of("") == tmp_path / "facecue-hub"
