"""A device has no torch; the commands that need it say so and name what to install."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import miniature
import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCKED = """
import sys

class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[1].split(","):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Wall())
from edge.cli import main
sys.exit(main(sys.argv[2:]))
"""


def run(blocked: str, *arguments: str | Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED, blocked, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("command", ["train", "export"])
def test_without_torch(data: Path, tmp_path: Path, command: str) -> None:
    recipe = miniature.recipe(tmp_path / "tiny.toml")
    arguments = {
        "train": ("train", recipe, "--data", data, "--output", tmp_path / "out"),
        "export": ("export", tmp_path / "net.safetensors", "-o", tmp_path / "out"),
    }
    status, told = run("torch", *arguments[command])
    wanted = (
        f"facecue {command}: torch is not installed: this command needs pip install 'facecue[{command}]'\n"
    )
    assert (status, told) == (2, wanted)
    assert not (tmp_path / "out").exists()


def test_without_scikit_learn(tmp_path: Path) -> None:
    status, told = run("sklearn,scipy,tqdm", "evaluate", "--data", tmp_path)
    assert status == 2
    assert told.count("\n") == 1
    assert "is not installed: this command needs pip install 'facecue[train]'" in told


@pytest.mark.heavy
def test_an_export_needs_no_training_library(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs the export extra")
    pytest.importorskip("nncf", reason="needs the export extra")
    status, told = run("tqdm", "export", tmp_path / "net.safetensors", "-o", tmp_path / "out")
    assert status == 2
    assert "there is no checkpoint" in told


def test_help_needs_nothing() -> None:
    assert run("torch,sklearn,scipy,tqdm,safetensors", "train", "--help")[0] == 0
