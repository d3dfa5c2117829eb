"""Which Python OpenVINO 2021.4.2 is given, and what is said where there is none."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from export.errors import ExportError
from export.legacy import python
from export.legacy.environment import LegacyEnvironment


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with no Python but those put into its folders `bin` and `pyenv`."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    return tmp_path


def program(path: Path, does: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)
    return path


def test_a_machine_without_a_fitting_python_is_told_what_to_install(machine: Path) -> None:
    with pytest.raises(
        ExportError, match=r"^OpenVINO 2021\.4\.2 needs Python 3\.9 or 3\.8 .*pyenv install 3\.9"
    ):
        LegacyEnvironment.set_up(print)
    assert LegacyEnvironment.find() is None
    assert not (machine / "cache").exists()


def test_an_arm_machine_is_told_to_export_elsewhere(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    for ask in (LegacyEnvironment.need, lambda: LegacyEnvironment.set_up(print)):
        with pytest.raises(ExportError, match="this machine is aarch64: export on a PC"):
            ask()


def test_the_newest_of_pyenv_is_taken(machine: Path) -> None:
    for version in ("3.8.18", "3.9.2", "3.9.18", "3.11.7"):
        program(machine / "pyenv/versions" / version / "bin/python", f"echo {version}")
    assert [found.version for found in python.interpreters()] == ["3.9.18", "3.9.2", "3.8.18"]


def test_programs_that_do_not_run_or_are_another_version_are_passed_over(machine: Path) -> None:
    program(machine / "bin/python3.9", "echo 'pyenv: python3.9: command not found' >&2; exit 127")
    program(machine / "bin/python3.8", "echo 3.11.7")
    assert list(python.interpreters()) == []
    program(machine / "bin/python3.8", "echo 3.8.20")
    assert python.find().version == "3.8.20"


def test_what_is_not_set_up_is_told_with_the_command(machine: Path) -> None:
    with pytest.raises(ExportError, match="run 'facecue export setup-legacy'"):
        LegacyEnvironment.need()


def test_without_a_network_nothing_is_half_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if next(python.interpreters(), None) is None:
        pytest.skip("needs Python 3.9 or 3.8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    said: list[str] = []
    with pytest.raises(ExportError, match="check the network connection") as caught:
        LegacyEnvironment.set_up(said.append)
    assert "\n" not in str(caught.value)
    assert len(said) == 1
    assert LegacyEnvironment.find() is None
