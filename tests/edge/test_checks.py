"""The checks of `facecue doctor`: every one answers, whatever happens to the others."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from edge import checks
from edge.settings import ModelSettings, Settings, SourceSettings, SpeechSettings

NAMES = ["program", "model", "stick", "camera", "voice", "sound", "broker", "disk", "clock"]


def silent(folder: Path) -> Settings:
    """Without model, clip, voice and broker."""
    return replace(
        Settings(),
        model=ModelSettings(folder=str(folder / "no model")),
        source=SourceSettings(uri=str(folder / "no clip")),
        speech=SpeechSettings(enabled=False),
    )


def findings(settings: Settings) -> dict[str, checks.Finding]:
    return {finding.name: finding for finding in checks.findings(settings)}


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, *requirements: str) -> None:
    """A facecue that is found before the one installed, with these requirements."""
    information = folder / "facecue-9.9.dist-info"
    information.mkdir()
    lines = ["Metadata-Version: 2.1", "Name: facecue", "Version: 9.9"]
    lines += [f"Requires-Dist: {requirement}" for requirement in requirements]
    (information / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))


def test_what_is_missing_does_not_stop_the_other_checks(tmp_path: Path) -> None:
    found = findings(silent(tmp_path))
    assert list(found) == NAMES
    assert found["model"].state == "wrong"
    assert "no clip" in found["camera"].sentence


def test_a_check_that_fails_in_an_unforeseen_way_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = tmp_path / "1-1"
    device.mkdir()
    (device / "idVendor").write_bytes(b"\xff\xfe")
    monkeypatch.setattr(checks, "USB_DEVICES", tmp_path)
    found = findings(silent(tmp_path))
    assert list(found) == NAMES
    assert found["stick"].state == "wrong"
    assert "UnicodeDecodeError" in found["stick"].sentence
    assert "\n" not in found["stick"].sentence


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
    found = findings(silent(tmp_path))["program"]
    assert found.state == "right"
    assert found.sentence.endswith(f"facecue 9.9, numpy {version('numpy')}, pytest {version('pytest')}")


def test_a_package_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "numpy", "no-such-package[with]>=1")
    found = findings(silent(tmp_path))["program"]
    assert found.state == "wrong"
    assert found.sentence == "no-such-package is not installed: install facecue again"
