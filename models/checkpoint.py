"""What a run keeps to go on after a kill: replaced in one step, and bound to its recipe."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from edge.errors import FacecueError
from models.data.readers import cause
from models.networks import initialise
from models.recipe import Recipe

log = logging.getLogger(__name__)


class TrainingError(FacecueError, RuntimeError):
    """Training cannot begin or go on."""


class DivergedError(TrainingError):
    """The loss is no number any more: the recipe's rates are too high."""


def read(path: Path, recipe: Recipe) -> dict[str, Any] | None:
    """The state to go on from; None if there is none yet. Raises TrainingError."""
    if not path.exists():
        return None
    state = _of_recipe(path, recipe, _decisive)
    log.info("going on from stage %d, step %d", state["stage"], state["step"])
    return state


def adopt(source: Path, path: Path, recipe: Recipe) -> None:
    """Begin a run of `recipe` where another one, of a recipe that differs later, had come to."""
    state = _of_recipe(source, recipe, _shared)
    write(path, {**state, "recipe": asdict(recipe)})


def _of_recipe(
    path: Path, recipe: Recipe, decisive: Callable[[dict[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        same = decisive(state["recipe"]) == decisive(asdict(recipe))
    except initialise.UNREADABLE as error:
        raise TrainingError(f"{path} is damaged ({cause(error)}): delete it to begin anew") from error
    if not same:
        raise TrainingError(f"{path} belongs to another recipe: give another --output, or delete it")
    return state


def _decisive(recipe: dict[str, Any]) -> dict[str, Any]:
    """Without what a search may vary: that says nothing about what this run gives."""
    return {key: value for key, value in recipe.items() if key != "search"}


def _shared(recipe: dict[str, Any]) -> dict[str, Any]:
    """What decides on the shared stages: not who is tested afterwards, and no later stage."""
    data = {key: value for key, value in recipe["data"].items() if not key.endswith("_folds")}
    stages = recipe["stage"][: recipe["shared_stages"]]
    free = ("name", "version", "search", "checkpoint_every")
    return {k: v for k, v in recipe.items() if k not in free} | {"data": data, "stage": stages}


def write(path: Path, state: dict[str, Any]) -> None:
    """Atomically: a kill in the middle leaves the former file whole."""
    part = path.with_suffix(".part")
    with part.open("wb") as stream:
        torch.save(state, stream)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)
