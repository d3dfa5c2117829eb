"""The checks of `facecue doctor` together: every one answers, whatever happens to the others."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest
from fake_machine import FakeMachine, user

from edge import checks
from edge.checks import camera, program, runtime
from edge.checks.machine import Machine
from edge.settings import ModelSettings, Settings, SourceSettings, SpeechSettings

NAMES = [
    "program",
    "runtime",
    "other facecue",
    "stick",
    "udev rule",
    "permission",
    "plugin",
    "model",
    "usb speed",
    "camera",
    "voice",
    "sound",
    "broker",
    "clock",
    "disk",
]


def silent(folder: Path) -> Settings:
    """Without model, clip, voice and broker."""
    return replace(
        Settings(),
        model=ModelSettings(folder=str(folder / "no model")),
        source=SourceSettings(uri=str(folder / "no clip")),
        speech=SpeechSettings(enabled=False),
    )


def findings(settings: Settings, machine: Machine) -> dict[str, checks.Finding]:
    return {finding.name: finding for finding in checks.findings(settings, machine)}


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, *requirements: str) -> None:
    """A facecue that is found before the one installed, with these requirements."""
    information = folder / "facecue-9.9.dist-info"
    information.mkdir()
    lines = ["Metadata-Version: 2.1", "Name: facecue", "Version: 9.9"]
    lines += [f"Requires-Dist: {requirement}" for requirement in requirements]
    (information / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))


def test_what_is_missing_does_not_stop_the_other_checks(fake: FakeMachine, tmp_path: Path) -> None:
    found = findings(silent(tmp_path), fake.seen_by(user()))
    assert list(found) == NAMES
    assert found["model"].state == "wrong"
    assert "no model" in found["model"].sentence
    assert "no clip" in found["camera"].sentence
    assert all("\n" not in finding.words for finding in found.values())


def test_whatever_is_wrong_comes_with_what_to_do(fake: FakeMachine, tmp_path: Path) -> None:
    fake.plug(mode=0o600)
    settings = silent(tmp_path)
    settings = replace(settings, model=replace(settings.model, device="MYRIAD"))
    wrong = [f for f in checks.findings(settings, fake.seen_by(user(uid=4321))) if f.state == "wrong"]
    assert {"udev rule", "permission", "model", "camera"} <= {finding.name for finding in wrong}
    for finding in wrong:
        assert finding.fix or ";" in finding.sentence or ":" in finding.sentence, finding
        assert finding.spoken and "/" not in finding.spoken, finding


def test_a_check_that_fails_in_an_unforeseen_way_does_not_stop_the_others(
    fake: FakeMachine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> checks.Finding:
        raise ZeroDivisionError("in two\nlines")

    monkeypatch.setattr(program, "check", broken)
    found = findings(silent(tmp_path), fake.seen_by(user()))
    assert list(found) == NAMES
    assert found["program"].state == "wrong"
    assert found["program"].words == (
        "this check itself failed (ZeroDivisionError: in two lines): install facecue again"
    )


def test_the_packages_are_those_facecue_was_installed_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(
        tmp_path,
        monkeypatch,
        "numpy<3,>=1.24",
        "pytest",
        'tomli<3; python_version < "3.0"',
        'no-such-package==1; extra == "train"',
    )
    found = program.check()
    assert found.state == "right"
    assert found.sentence.endswith(f"facecue 9.9, numpy {version('numpy')}, pytest {version('pytest')}")


def test_a_package_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "numpy", "no-such-package[with]>=1")
    found = program.check()
    assert found.state == "wrong"
    assert found.words == "no-such-package is not installed: install facecue again"


def test_a_facecue_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    assert program.check().words == "facecue is not installed: install facecue again"


def test_the_runtime_has_a_name_a_version_and_devices() -> None:
    found = runtime.check()
    assert found.state == "right"
    assert "CPU" in found.sentence
    assert any(character.isdigit() for character in found.sentence)


def test_a_runtime_that_is_not_there() -> None:
    found = runtime.check("no-such-runtime")
    assert found.state == "wrong"
    assert "no-such-runtime" in found.sentence and "model.runtime" in found.sentence


def test_another_facecue_that_runs_is_noticed(fake: FakeMachine, tmp_path: Path) -> None:
    machine = fake.seen_by(user())
    assert findings(silent(tmp_path), machine)["other facecue"].state == "right"
    for pid, words in {
        "11": "/opt/facecue/bin/python\0/opt/facecue/bin/facecue\0run\0--quiet\0",
        "12": "/opt/facecue/bin/python\0/opt/facecue/bin/facecue\0doctor\0",
        "13": "vi\0facecue run\0",
    }.items():
        fake.write(f"proc/{pid}/cmdline", words)
    found = findings(silent(tmp_path), machine)["other facecue"]
    assert (found.state, found.fix) == ("note", "kill 11")
    fake.write("etc/systemd/system/facecue.service", "[Service]\n")
    assert findings(silent(tmp_path), machine)["other facecue"].fix == "sudo systemctl stop facecue"


def test_a_camera_that_the_user_may_not_use(fake: FakeMachine) -> None:
    fake.write("dev/video0", "", mode=0o660)
    machine = fake.seen_by(user("ann", uid=4321))
    found = camera.check(machine, SourceSettings(uri="0"))
    assert found.state == "wrong"
    assert found.words == (
        "ann may not use the camera /dev/video0: sudo usermod -aG video ann, then log out and in again"
    )


def test_a_source_that_gives_pictures() -> None:
    clip = Path(camera.__file__).parents[1] / "assets/clips/single_face.mp4"
    found = camera.check(Machine(), SourceSettings(uri=str(clip)))
    assert found.state == "right"
    assert "640x360" in found.sentence
