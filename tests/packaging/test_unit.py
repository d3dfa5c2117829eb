"""The unit is understood by systemd, is hardened, and every setting says why it is there."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "systemd" / "facecue.service"
MOST_EXPOSED = 1.8
analyze = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")


def settings() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text().splitlines():
        if line and not line.startswith(("#", "[")):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


@analyze
def test_systemd_has_nothing_to_say_of_it(tmp_path: Path) -> None:
    # The program is not installed where the tests run.
    text = UNIT.read_text().replace("/opt/facecue/bin/facecue", shutil.which("true") or "/bin/true")
    unit = tmp_path / UNIT.name
    unit.write_text(text)
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
    assert (done.stdout + done.stderr).strip() == ""


@analyze
def test_it_is_hardened() -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNIT)]
    done = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r"Overall exposure level for facecue.service: ([0-9.]+)", done.stdout)
    assert found is not None, done.stderr
    assert float(found.group(1)) <= MOST_EXPOSED


def test_every_setting_has_a_reason_beside_it() -> None:
    bare = []
    explained = False
    for line in UNIT.read_text().splitlines():
        if line.startswith("#"):
            explained = True
        elif not line or line.startswith("["):
            explained = False
        elif not explained:
            bare.append(line)
    # What a service is at all.
    assert [
        line for line in bare if not line.startswith(("Description=", "Documentation=", "WantedBy="))
    ] == []


def test_it_is_given_what_it_needs_and_never_given_up() -> None:
    found = settings()
    assert found["Type"] == ["notify"]
    assert set(found["SupplementaryGroups"][0].split()) == {"audio", "video", "plugdev"}
    assert found["StartLimitIntervalSec"] == ["0"]
    assert found["Restart"] == ["always"]
    assert float(found["TimeoutStopSec"][0]) <= 5
    # A password must not stand where every user may read it.
    assert not any("PASSWORD=" in value for value in found["Environment"])
