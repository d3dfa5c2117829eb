"""Training recipes: a TOML file, checked key by key before training begins."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

from edge.errors import FacecueError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class RecipeError(FacecueError, ValueError):
    """The recipe cannot be read, or a key or value in it is wrong."""


@dataclass(frozen=True)
class Stage:
    """One stretch of training at one picture size."""

    image_size: int
    images: int
    learning_rate: float
    freeze_blocks: int = 0


@dataclass(frozen=True)
class DataRecipe:
    """Which people are kept apart and what is drawn how often."""

    test_folds: list[int] = field(default_factory=lambda: [0, 1])
    calibration_folds: list[int] = field(default_factory=lambda: [2])
    rare_emotion_cap: float = 4.0
    draw: dict[str, float] = field(default_factory=lambda: {"ferplus": 0.74, "ckplus": 0.12, "lfw": 0.14})


@dataclass(frozen=True)
class LossRecipe:
    """Weights of the terms of the loss."""

    emotions: float = 1.0
    direct_emotions: float = 0.4
    action_units: float = 4.0
    blendshapes: float = 2.0
    coded_weight: float = 2.0


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a training run gives; the same recipe gives the same net."""

    name: str
    stage: list[Stage]
    seed: int = 1
    batch_size: int = 64
    start: str = ""
    precision: str = "auto"
    average_decay: float = 0.998
    weight_decay: float = 0.005
    dropout: float = 0.3
    checkpoint_every: int = 100
    data: DataRecipe = field(default_factory=DataRecipe)
    loss: LossRecipe = field(default_factory=LossRecipe)


def load(path: Path) -> Recipe:
    """Read a recipe; RecipeError names the file and every key that is wrong."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecipeError(f"{path} cannot be read: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path} is not valid TOML: {error}") from error
    faults: list[str] = []
    recipe = _build(Recipe, table, "", faults)
    if not faults and not recipe.stage:
        faults.append("stage: at least one [[stage]] is needed")
    if faults:
        raise RecipeError(f"{path}: " + "; ".join(faults))
    assert isinstance(recipe, Recipe)
    return recipe


def _build(kind: Any, table: dict[str, Any], where: str, faults: list[str]) -> Any:
    hints = get_type_hints(kind)
    known = {f.name for f in fields(kind)}
    faults += [
        f"{where}{key}: no such key (known: {', '.join(sorted(known))})" for key in table if key not in known
    ]
    values: dict[str, Any] = {}
    for f in fields(kind):
        if f.name not in table:
            continue
        value, hint = table[f.name], hints[f.name]
        name = f"{where}{f.name}"
        if is_dataclass(hint) and isinstance(value, dict):
            values[f.name] = _build(hint, value, f"{name}.", faults)
        elif hint == list[Stage] and isinstance(value, list):
            values[f.name] = [_build(Stage, row, f"{name}[{i}].", faults) for i, row in enumerate(value)]
        elif hint is float and type(value) in (int, float):
            values[f.name] = float(value)
        elif (hint in (int, str) and type(value) is hint) or (
            hint == list[int] and isinstance(value, list) and all(type(v) is int for v in value)
        ):
            values[f.name] = value
        elif hint == dict[str, float] and isinstance(value, dict):
            values[f.name] = {k: float(v) for k, v in value.items()}
        else:
            faults.append(f"{name}: {value!r} is not of the type {getattr(hint, '__name__', hint)}")
    if faults:
        return None
    try:
        return kind(**values)
    except TypeError as error:
        faults.append(f"{where or 'recipe'}: {error}".replace("__init__() ", ""))
        return None
