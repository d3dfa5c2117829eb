"""facecue run --service, as systemd starts it: a real socket, real signals, a camera, its state folder."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from service_manager import Manager

from edge.clips import CLIPS
from edge.service.starts import FILE, Starts

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_SECONDS = 60.0
CLIP = str(CLIPS / "single_face.mp4")


class Run:
    """The program under a manager, its events, its settings file and its state."""

    def __init__(self, folder: Path, manager: Manager, model: Path, uri: str = CLIP, **more: str) -> None:
        self.events_file = folder / "events.jsonl"
        self.settings = folder / "facecue.toml"
        self.state = folder / "state"
        self.state.mkdir(exist_ok=True)
        self.manager = manager
        self.told: list[str] = []
        self.settings.touch()
        environment = {
            **os.environ,
            "NOTIFY_SOCKET": manager.address,
            "WATCHDOG_USEC": "2000000",
            "STATE_DIRECTORY": str(self.state),
            "FACECUE_SOURCE__URI": uri,
            "FACECUE_SOURCE__REPEAT": "true",
            "FACECUE_SPEECH__ENABLED": "false",
            "FACECUE_MODEL__FOLDER": str(model),
            **more,
        }
        command = [sys.executable, "-m", "edge.cli", "run", "--service", "--quiet"]
        command += ["--events", str(self.events_file), "--config", str(self.settings)]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )

    def labels(self) -> list[str]:
        text = self.events_file.read_text() if self.events_file.exists() else ""
        return [json.loads(line)["label"] for line in text.splitlines() if line.endswith("}")]

    def hear(self, state: str) -> None:
        """Until the manager was told."""
        self._until(lambda: any(line.startswith(state) for line in self._heard()), state)

    def say(self, label: str, after: int = 0) -> None:
        self._until(lambda: label in self.labels()[after:], label)

    def _heard(self) -> list[str]:
        new = [line for message in self.manager.heard(0.05) for line in message.splitlines()]
        self.told += new
        return new

    def _until(self, condition: object, what: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():  # type: ignore[operator]
            assert time.monotonic() < deadline, (what, self.told, self.labels())
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.02)

    def end(self, number: int = signal.SIGTERM) -> str:
        """Its standard error; it has to end in good order."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=PATIENCE_SECONDS)
        self._heard()
        return errors


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[list[Run]]:
    started: list[Run] = []
    yield started
    for run in started:
        if run.process.poll() is None:
            run.process.kill()
            run.process.communicate()


def test_it_is_ready_lives_reads_again_and_ends(
    tmp_path: Path, manager: Manager, tiny_folder: Path, runs: list[Run]
) -> None:
    run = Run(tmp_path, manager, tiny_folder)
    runs.append(run)
    run.hear("READY=1")
    run.hear("WATCHDOG=1")
    run.say("person_ahead")
    assert json.loads((run.state / FILE).read_text())["starts"] != []

    heard = len(run.labels())
    run.settings.write_text("[cues]\nlevels = []\ncooldown_seconds = 9.0\n[mqtt]\nprefix = 'other'\n")
    run.process.send_signal(signal.SIGHUP)
    run.hear("RELOADING=1")
    run.say("restart_needed", heard)
    assert run.labels()[heard:].index("settings_changed") < run.labels()[heard:].index("restart_needed")
    run.hear("WATCHDOG=1")
    # Whoever is in view has been told of already.
    assert "person_ahead" not in run.labels()[heard:]

    heard = len(run.labels())
    run.settings.write_text("[cues]\nenter = 7\n")
    run.process.send_signal(signal.SIGHUP)
    run.say("settings_wrong", heard)
    run.hear("WATCHDOG=1")

    errors = run.end()
    assert run.process.returncode == 0
    assert run.labels()[-2:] == ["shutting_down", "stopped"]
    assert "STOPPING=1" in run.told
    assert "cues.enter" in errors and "line 2" in errors and "mqtt.prefix" in errors
    assert json.loads((run.state / FILE).read_text())["starts"] == []


def test_the_watchdog_starves_while_the_process_is_stopped(
    tmp_path: Path, manager: Manager, tiny_folder: Path, runs: list[Run]
) -> None:
    run = Run(tmp_path, manager, tiny_folder)
    runs.append(run)
    run.hear("WATCHDOG=1")
    run.process.send_signal(signal.SIGSTOP)
    manager.heard(0.3)
    assert manager.heard(2.5) == []
    run.process.send_signal(signal.SIGCONT)
    run.hear("WATCHDOG=1")
    run.end()


def test_a_camera_that_is_away_is_no_reason_not_to_start(
    tmp_path: Path, manager: Manager, tiny_folder: Path, runs: list[Run]
) -> None:
    run = Run(tmp_path, manager, tiny_folder, "http://127.0.0.1:9/video", FACECUE_SOURCE__REQUIRED="false")
    runs.append(run)
    run.say("camera_absent")
    run.hear("READY=1")
    run.hear("WATCHDOG=1")
    run.end()
    assert run.labels()[-1] == "stopped"


def test_wrong_settings_do_not_silence_it(
    tmp_path: Path, manager: Manager, tiny_folder: Path, runs: list[Run]
) -> None:
    (tmp_path / "facecue.toml").write_text("[cues]\nenter = 7\n")
    run = Run(tmp_path, manager, tiny_folder)
    runs.append(run)
    run.say("person_ahead")
    assert run.labels()[:3] == ["settings_wrong", "safe_mode", "ready"]
    run.hear("STATUS=running, safe mode, because the settings are wrong")
    run.end()


def test_after_three_falls_it_says_so_and_starts_safely(
    tmp_path: Path, manager: Manager, tiny_folder: Path, runs: list[Run]
) -> None:
    (tmp_path / "state").mkdir()
    for _ in range(3):
        Starts(tmp_path / "state").begin()
    run = Run(tmp_path, manager, tiny_folder)
    runs.append(run)
    run.say("person_ahead")
    assert run.labels()[:3] == ["safe_mode", "after_faults", "ready"]
    run.end()


def test_the_status_page_tells_of_the_run_and_a_taken_port_silences_nobody(
    tmp_path: Path, manager: Manager, tiny_folder: Path, runs: list[Run]
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    run = Run(tmp_path, manager, tiny_folder, FACECUE_SERVICE__STATUS_PORT=str(port))
    runs.append(run)
    run.say("person_ahead")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as answer:
        health = json.load(answer)
    assert health["well"] and health["state"] == "running" and health["pictures"] > 0
    assert health["source"] == CLIP and health["device"]
    (tmp_path / "second").mkdir()
    second = Run(tmp_path / "second", manager, tiny_folder, FACECUE_SERVICE__STATUS_PORT=str(port))
    runs.append(second)
    second.say("person_ahead")
    assert f"service.status_port: {port} cannot be used" in second.end()
    run.end()
