"""Searches twice: undisturbed, and killed three times. A program for test_search.py.

python killed_search.py DATA RECIPE FOLDER leaves a search in FOLDER/undisturbed and one in FOLDER/killed,
and prints the signal that ended each attempt (0: none).
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.backends.backend_agg
import matplotlib.figure
import torch
import torch.utils.tensorboard

from models import recipe as recipes
from models import search, search_trial, train
from models.train import Start

LOADED = (matplotlib.figure, torch.utils.tensorboard)
"""Heavy modules, here once instead of in each child."""
KILLS = ("in the middle of a step", "between training and judging", "before the report is written")


def killed_at(call: int, real: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, but the process dies at the call of this number."""
    calls = 0

    def run(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)

    return run


def prepare(how: str) -> None:
    if how == "in the middle of a step":
        # Two steps of the stage that all share, and one of the first trial's.
        train.losses = killed_at(4, train.losses)
    elif how == "between training and judging":
        search_trial.judge = killed_at(1, search_trial.judge)
    elif how == "before the report is written":
        search.write = killed_at(1, search.write)


def attempt(data: Path, recipe: Path, output: Path, how: str) -> int:
    child = os.fork()
    if child == 0:
        prepare(how)
        search.search(recipes.load(recipe), data, output, Start(), 1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def main(data: Path, recipe: Path, folder: Path) -> None:
    torch.set_num_threads(1)
    ends = [attempt(data, recipe, folder / "undisturbed", "")]
    ends += [attempt(data, recipe, folder / "killed", how) for how in (*KILLS, "")]
    sys.stdout.write(" ".join(map(str, ends)))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
