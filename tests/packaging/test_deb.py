"""The parts of the Debian package, without building it: scripts/street builds and installs a real one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from edge import settings

ROOT = Path(__file__).resolve().parents[2]
DEB = ROOT / "deploy" / "deb"
SCRIPTS = [DEB / "postinst", DEB / "prerm", DEB / "postrm", ROOT / "deploy" / "install.sh"]
SCRIPTS += [ROOT / "scripts" / "build-deb", ROOT / "scripts" / "street"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_shell_that_a_small_system_understands(script: Path) -> None:
    shell = shutil.which("dash") or "sh"
    done = subprocess.run([shell, "-n", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    text = script.read_text()
    assert text.startswith("#!/bin/sh\n# ")
    assert "\nset -e" in text, "what fails is not passed over"


def test_the_settings_of_the_package_are_the_defaults() -> None:
    assert settings.load(DEB / "facecue.toml", {}) == settings.Settings()


@pytest.mark.parametrize("name", ["deploy/install.sh", "scripts/build-deb", "scripts/street"])
def test_what_people_call_is_executable(name: str) -> None:
    assert os.access(ROOT / name, os.X_OK)


def test_what_is_not_understood_is_said() -> None:
    done = subprocess.run(["sh", ROOT / "scripts" / "build-deb", "riscv64"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "riscv64" in done.stderr and "amd64 or arm64" in done.stderr


def purged(tmp_path: Path, action: str) -> set[str]:
    """What is left of everything the service may have made, after postrm in a root of its own."""
    left = tmp_path / action
    names = [
        "var/lib/private/facecue/starts.json",
        "var/cache/private/facecue/cache",
        "etc/facecue/facecue.toml",
        "etc/credstore/facecue.mqtt",
        "etc/credstore/another",
        "opt/facecue/lib/new.pyc",
    ]
    for name in names:
        (left / name).parent.mkdir(parents=True, exist_ok=True)
        (left / name).touch()
    (left / "var/lib/facecue").symlink_to("private/facecue")
    text = (DEB / "postrm").read_text()
    for folder in ("var", "etc", "opt", "usr", "run"):
        text = text.replace(f" /{folder}/", f" {left}/{folder}/")
    script = tmp_path / f"postrm-{action}"
    script.write_text(text)
    done = subprocess.run(["sh", script, action], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return {str(path.relative_to(left)) for path in left.rglob("*") if path.is_file() or path.is_symlink()}


def test_removing_keeps_the_settings_and_purging_leaves_nothing_of_ours(tmp_path: Path) -> None:
    assert "etc/facecue/facecue.toml" in purged(tmp_path, "remove")
    assert purged(tmp_path, "purge") == {"etc/credstore/another"}
