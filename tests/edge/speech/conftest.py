"""Every speech test gets a folder for temporary files of its own and must leave it empty."""

from __future__ import annotations

import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from speech_help import MakePlayer, children


@pytest.fixture(autouse=True)
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for temporary files; afterwards neither a file nor a process may be left over."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    # Where nobody is logged in, espeak-ng's sound library makes a folder among the temporary files.
    monkeypatch.setenv("PULSE_RUNTIME_PATH", str(tmp_path / "pulse"))
    before = set(children())
    yield folder
    left = {pid: command for pid, command in children().items() if pid not in before}
    assert not left, "processes left behind"
    assert list(folder.iterdir()) == [], "temporary files left behind"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH, empty at first."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Where fake players put what they were given: 0.wav, 1.wav and so on."""
    folder = tmp_path / "recorded"
    folder.mkdir()
    return folder


@pytest.fixture
def make_player(programs: Path, recorded: Path) -> MakePlayer:
    """make_player(name, commands): a player on PATH that records its WAV and then runs the commands.

    The commands see the folder of recordings as $recorded and the number of this one as $number.
    """

    def make(name: str, commands: str) -> Path:
        script = programs / name
        script.write_text(
            "#!/bin/sh\n"
            "PATH=/usr/bin:/bin\n"
            f"recorded='{recorded}'\n"
            'for wav in "$@"; do :; done\n'
            'number=$(ls "$recorded" | grep -c "\\.wav$")\n'
            'cp "$wav" "$recorded/$number.part" && mv "$recorded/$number.part" "$recorded/$number.wav"\n'
            f"{commands}\n"
        )
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        return script

    return make
