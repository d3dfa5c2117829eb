"""Trains a narrow net twice: undisturbed, and killed three times. A program for test_training.py.

python killed_training.py DATA RECIPE FOLDER writes FOLDER/undisturbed/net.pt and
FOLDER/killed/net.pt, and prints the signal that ended each attempt (0: none).
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from models import recipe as recipes
from models import train
from models.assemble import assemble
from models.networks import vgg_face_au

KILLS = ("in the middle of a step", "between two stages", "in the middle of writing")


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def killed_at(call: int, before: Callable[..., None], real: Callable[..., Any]) -> Callable[..., Any]:
    """The same function; `before` comes first at the call of this number."""
    calls = 0

    def run(*args: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            before(*args)
        return real(*args)

    return run


def write_half(path: Path, state: dict[str, Any]) -> None:
    """What is on the disk when the power fails: a part of the new file beside the old one."""
    torch.save(state, path.with_suffix(".part"))
    os.truncate(path.with_suffix(".part"), 1000)
    kill()


def prepare(how: str) -> None:
    real = train._write
    if how == "in the middle of a step":
        train.draw = killed_at(4, lambda *_: kill(), train.draw)
    elif how == "between two stages":
        # Resumed at step 3 of 5: after its second writing the first stage is done.
        train._run_stage = killed_at(2, lambda *_: kill(), train._run_stage)
    elif how == "in the middle of writing":
        train._write = killed_at(3, write_half, real)


def attempt(data: Path, recipe: Path, output: Path, how: str) -> int:
    child = os.fork()
    if child == 0:
        prepare(how)
        loaded = recipes.load(recipe)
        train.train(loaded, assemble(loaded, data), output, None)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def main(data: Path, recipe: Path, folder: Path) -> None:
    torch.set_num_threads(1)
    vgg_face_au.BLOCKS = ((4, 4), (8, 8), (8, 8, 8), (8, 8, 8), (8, 8, 8))
    ends = [attempt(data, recipe, folder / "undisturbed", "")]
    ends += [attempt(data, recipe, folder / "killed", how) for how in (*KILLS, "")]
    sys.stdout.write(" ".join(map(str, ends)))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
