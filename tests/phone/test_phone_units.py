"""The page's own tests, and its types."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from phonetools import NODE, NPM


def test_its_parts_do_what_they_say(packages: Path) -> None:
    assert NODE is not None
    ran = subprocess.run([NODE, "--test", "test/"], cwd=packages, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stdout
    told = re.search(r"^\S pass (\d+)$", ran.stdout, re.MULTILINE)
    assert told and int(told.group(1)) >= 30, ran.stdout


def test_its_types_are_sound(packages: Path) -> None:
    assert NPM is not None
    ran = subprocess.run(
        [NPM, "run", "--silent", "check"], cwd=packages, capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, ran.stdout


def test_the_lock_file_names_no_host_to_fetch_from(packages: Path) -> None:
    assert "resolved" not in (packages / "package-lock.json").read_text(encoding="utf-8")
