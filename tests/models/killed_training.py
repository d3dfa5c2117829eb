"""Trains a narrow net twice: undisturbed, and killed again and again. A program for test_training.py.

python killed_training.py DATA RECIPE FOLDER writes FOLDER/undisturbed/net.pt and
FOLDER/killed/net.pt, and prints as JSON the signal that ended each attempt (0: none) and how far the
stored features had come when they were cut off.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from models import checkpoint, feature_cache, train
from models import recipe as recipes
from models.assemble import assemble
from models.networks import vgg_face_au

KILLS = (
    "in the middle of a step",
    "between two stages",
    "while features are computed",
    "in the middle of writing",
    "behind the stage of stored features",
)


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def killed_at(call: int, before: Callable[..., None], real: Callable[..., Any]) -> Callable[..., Any]:
    """The same function; `before` comes first at the call of this number."""
    calls = 0

    def run(*args: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            before(*args)
        return real(*args, **more)

    return run


def write_half(path: Path, state: dict[str, Any]) -> None:
    """What is on the disk when the power fails: a part of the new file beside the old one."""
    torch.save(state, path.with_suffix(".part"))
    os.truncate(path.with_suffix(".part"), 1000)
    kill()


def prepare(how: str) -> None:
    if how == "in the middle of a step":
        train._Batches.make = killed_at(4, lambda *_: kill(), train._Batches.make)
    elif how == "between two stages":
        # Resumed at step 3 of 5: after its second writing the first stage is done.
        train._Run.stage = killed_at(2, lambda *_: kill(), train._Run.stage)
    elif how == "while features are computed":
        # The first call asks only for the shape.
        feature_cache._answer = killed_at(6, lambda *_: kill(), feature_cache._answer)
    elif how == "in the middle of writing":
        checkpoint.write = killed_at(3, write_half, checkpoint.write)
    elif how == "behind the stage of stored features":
        train._Run.stage = killed_at(2, lambda *_: kill(), train._Run.stage)


def attempt(data: Path, recipe: Path, output: Path, how: str) -> int:
    child = os.fork()
    if child == 0:
        prepare(how)
        loaded = recipes.load(recipe)
        train.train(loaded, assemble(loaded, data), output)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def main(data: Path, recipe: Path, folder: Path) -> None:
    torch.set_num_threads(1)
    vgg_face_au.BLOCKS = ((4, 4), (8, 8), (8, 8, 8), (8, 8, 8), (8, 8, 8))
    feature_cache.ROWS, feature_cache.NOTED = 64, 1
    ends = [attempt(data, recipe, folder / "undisturbed", "")]
    done = 0
    for how in (*KILLS, ""):
        ends.append(attempt(data, recipe, folder / "killed", how))
        if how == "while features are computed":
            done = json.loads((folder / "killed" / "features-1" / "key.json").read_text())["done"]
    sys.stdout.write(json.dumps({"ends": ends, "features": done}))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
