"""The two commands of the README stop with one clear sentence where they cannot go on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("sh", "dirname", "id", "stat", "cksum", "cut", "cat", "mkdir", "rm", "ln", "sed", "tail", "mktemp")


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder of programs, to stand alone in PATH, that lacks any Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found is not None, tool
        (folder / tool).symlink_to(found)
    return folder


def run(script: str, path: Path, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(path), "HOME": str(path.parent), "LANG": "C", **more}
    command = ["sh", str(ROOT / "scripts" / script)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def put_python(folder: Path, version: str) -> None:
    """An interpreter that answers as another version would: the real one, told to say so."""
    real = sys.executable
    told = f"import sys; sys.version_info = ({version}, 0, 'final', 0)"
    python = folder / "python3"
    python.write_text(f'#!/bin/sh\n[ "$1" = -c ] || exit 1\nexec {real} -c "{told}\n$2"\n')
    python.chmod(0o755)


@pytest.mark.parametrize("script", ["demo", "test"])
def test_no_python_is_said(script: str, bare: Path) -> None:
    done = run(script, bare)
    assert done.returncode == 2
    assert "Python 3.9 to 3.13" in done.stderr
    assert "no python3" in done.stderr


@pytest.mark.parametrize("script", ["demo", "test"])
@pytest.mark.parametrize("version", ["3, 8", "3, 14"])
def test_a_python_that_does_not_fit_is_named(script: str, version: str, bare: Path) -> None:
    put_python(bare, version)
    done = run(script, bare)
    assert done.returncode == 2
    assert f"Python {version.replace(', ', '.')} here" in done.stderr


def test_scripts_are_executable() -> None:
    for name in ("demo", "test", "pin", "build-model", "check-runtimes", "install-runtime"):
        assert os.access(ROOT / "scripts" / name, os.X_OK), name
