"""Sound, broker, clock and disk, with real programs where there are any."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_machine import FakeMachine, user

from edge.checks import broker, clock, disk, sound, voice
from edge.checks.machine import Machine, User
from edge.settings import MqttSettings, SpeechSettings

ROOT = Path(__file__).parents[3]
NOW = time.strptime("2026-05-04 12:30", "%Y-%m-%d %H:%M")
NEVER_SET = time.strptime("1970-01-01 01:02", "%Y-%m-%d %H:%M")


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[object]:
    from realbroker import MOSQUITTO, Broker

    if MOSQUITTO is None:
        pytest.skip("needs the MQTT broker: install mosquitto")
    started = Broker(tmp_path)
    yield started
    started.kill()


def program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_a_broker_that_takes_the_device_then_is_gone(mosquitto: object) -> None:
    settings = mosquitto.settings()  # type: ignore[attr-defined]
    found = broker.check(settings)
    assert found.state == "right"
    assert f"127.0.0.1:{settings.port}" in found.sentence
    mosquitto.kill()  # type: ignore[attr-defined]
    found = broker.check(settings)
    assert found.state == "wrong"
    assert "start it, or correct mqtt.host and mqtt.port" in found.words
    assert found.spoken == "no link to the phone"


def test_no_broker_is_no_fault() -> None:
    assert broker.check(MqttSettings()).state == "note"


def test_the_voice_makes_a_phrase() -> None:
    found = voice.check(SpeechSettings(timeout_seconds=30.0))
    assert found.state == "right"
    assert "en-us" in found.sentence


def test_the_voice_is_the_one_of_the_language() -> None:
    patient = SpeechSettings(timeout_seconds=30.0)
    assert "the voice cs (" in voice.check(patient, "cs").sentence
    assert voice.check(patient, "fr").state == "wrong"


def test_a_voice_that_is_not_there() -> None:
    found = voice.check(SpeechSettings(voice="no-such-voice", timeout_seconds=30.0))
    assert found.state == "wrong"
    assert "no-such-voice" in found.sentence


def test_speech_that_is_switched_off_needs_neither(fake: FakeMachine) -> None:
    settings = SpeechSettings(enabled=False)
    assert voice.check(settings).state == "note"
    assert sound.check(fake.seen_by(user()), settings).state == "note"


def test_a_sound_output_that_plays(
    fake: FakeMachine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "programs", "aplay", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))
    assert sound.check(fake.seen_by(user()), SpeechSettings()).state == "right"


def test_why_nothing_is_heard(fake: FakeMachine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "programs", "aplay", "echo device is busy >&2; exit 1")
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))
    machine = fake.seen_by(User("ann", 4321, frozenset()))
    found = sound.check(machine, SpeechSettings())
    assert (found.state, found.spoken) == ("wrong", "no sound card")
    fake.write("dev/snd/pcmC0D0p", "", mode=0o660)
    fake.write("dev/snd/pcmC0D0c", "", mode=0o666)  # a microphone is no help
    found = sound.check(machine, SpeechSettings())
    assert found.words == (
        "ann may not use the sound card /dev/snd/pcmC0D0p: "
        "sudo usermod -aG audio ann, then log out and in again"
    )
    fake.write("dev/snd/pcmC0D0p", "", mode=0o666)
    found = sound.check(machine, SpeechSettings())
    assert (found.state, found.spoken) == ("wrong", "no sound")
    assert "device is busy" in found.sentence


def test_a_clock_that_was_never_set(fake: FakeMachine) -> None:
    machine = fake.seen_by(user())
    for settings, state in (
        (MqttSettings(), "note"),
        (MqttSettings(host="broker"), "wrong"),
        (MqttSettings(host="broker", tls=True), "wrong"),
    ):
        found = clock.check(machine, settings, NEVER_SET)
        assert found.state == state
        assert "1970-01-01 01:02" in found.sentence
        assert found.fix.startswith("sudo timedatectl set-ntp true")
    assert "certificate" in found.sentence


def test_a_clock_kept_by_a_time_server(fake: FakeMachine) -> None:
    machine = fake.seen_by(user())
    assert "does not show here" in clock.check(machine, MqttSettings(), NOW).sentence
    fake.write("run/systemd/timesync/synchronized", "")
    found = clock.check(machine, MqttSettings(), NOW)
    assert found.state == "right"
    assert found.sentence.endswith("kept right by a time server")


@pytest.mark.parametrize(
    ("script", "answer"),
    [("echo yes", True), ("echo no", False), ("echo 'no bus' >&2; exit 1", None), ("exec sleep 60", None)],
)
def test_timedatectl_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, answer: bool | None
) -> None:
    if Path(clock.SYNCHRONISED).exists():
        pytest.skip("the clock of this machine is kept already, and nobody else is asked")
    program(tmp_path / "programs", "timedatectl", f"PATH=/usr/bin:/bin\n{script}")
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))
    monkeypatch.setattr(clock, "ASK_SECONDS", 0.5 if "sleep" in script else 30.0)
    assert clock.synchronised(Machine()) is answer
    if answer is False:
        found = clock.check(Machine(), MqttSettings(), NOW)
        assert (found.state, found.fix) == ("note", clock.NTP)


def test_a_disk_with_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "LEAST_FREE_MIB", 0)
    monkeypatch.setattr(disk, "LEAST_TEMPORARY_MIB", 0)
    assert disk.check(tmp_path, tmp_path).state == "right"


def test_a_disk_without_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "LEAST_FREE_MIB", 2**40)
    found = disk.check(tmp_path, tmp_path)
    assert (found.state, found.spoken) == ("wrong", "the disk is full")
    assert str(tmp_path) in found.sentence


@pytest.mark.parametrize(("place", "state"), [("home", "note"), ("temporary", "wrong")])
def test_a_disk_that_is_really_read_only(tmp_path: Path, place: str, state: str) -> None:
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    script = (
        "import sys; from pathlib import Path; from edge.checks import disk\n"
        "disk.LEAST_FREE_MIB = disk.LEAST_TEMPORARY_MIB = 0\n"
        f"print(disk.check(**{{'home': Path('/'), 'temporary': Path('/'), {place!r}: Path(sys.argv[1])}}))\n"
    )
    shell = f'mount -t tmpfs -o ro none "{mounted}" && exec "$@"'
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("needs unshare (package util-linux), to mount something read-only")
    private = [unshare, "--mount"] if os.geteuid() == 0 else [unshare, "--mount", "--map-root-user"]
    if subprocess.run([*private, "sh", "-c", shell, "sh", "true"], capture_output=True).returncode != 0:
        pytest.skip("this machine does not let mount anything")
    command = [*private, "sh", "-c", shell, "sh", sys.executable, "-c", script, str(mounted)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert f"state='{state}'" in done.stdout, done.stderr
    assert "read-only" in done.stdout and str(mounted) in done.stdout
