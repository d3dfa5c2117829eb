"""Training recipes: a TOML file, checked key by key before training begins."""

from __future__ import annotations

import math
import sys
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

from edge.errors import FacecueError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


FOLDS = 10
"""Into how many folds people are split."""
SETS = ("ferplus", "ckplus", "lfw")
"""The sets that can be drawn from."""
PRECISIONS = ("auto", "bfloat16", "float32")


class RecipeError(FacecueError, ValueError):
    """The recipe cannot be read, or a key or value in it is wrong."""


@dataclass(frozen=True)
class Stage:
    """One stretch of training at one picture size."""

    image_size: int
    images: int
    learning_rate: float
    freeze_blocks: int = 0
    first_pool: int = 2


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
    if not faults:
        faults = _beyond(recipe)
    if faults:
        raise RecipeError(f"{path}: " + "; ".join(faults))
    assert isinstance(recipe, Recipe)
    return recipe


def _build(kind: Any, table: dict[str, Any], where: str, faults: list[str]) -> Any:
    """A dataclass from a table; None, with a fault for each wrong key, if that cannot be."""
    known = {f.name: f for f in fields(kind)}
    hints = get_type_hints(kind)
    found = [
        f"{where}{key}: no such key (known: {', '.join(sorted(known))})" for key in table if key not in known
    ]
    found += [
        f"{where}{name}: missing"
        for name, f in known.items()
        if name not in table and f.default is MISSING and f.default_factory is MISSING
    ]
    values = {
        name: _value(hints[name], table[name], f"{where}{name}", found) for name in known if name in table
    }
    faults += found
    return None if found else kind(**values)


def _value(hint: Any, value: Any, name: str, faults: list[str]) -> Any:
    if is_dataclass(hint) and isinstance(value, dict):
        return _build(hint, value, f"{name}.", faults)
    if hint == list[Stage] and isinstance(value, list) and all(isinstance(row, dict) for row in value):
        return [_build(Stage, row, f"{name}[{i}].", faults) for i, row in enumerate(value)]
    if hint == list[int] and isinstance(value, list) and all(type(v) is int for v in value):
        return value
    if hint == dict[str, float] and isinstance(value, dict) and all(map(_is_number, value.values())):
        return {k: float(v) for k, v in value.items()}
    if hint is float and _is_number(value):
        return float(value)
    if hint in (int, str) and type(value) is hint:
        return value
    faults.append(f"{name}: {value!r} is not {_WANTED.get(hint, 'a table')}")
    return None


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


_WANTED: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    list[int]: "a list of whole numbers",
    list[Stage]: "a list of tables: write [[stage]]",
    dict[str, float]: "a table of numbers",
}


def _beyond(recipe: Recipe) -> list[str]:
    """A fault for every value with which training could not run or would not mean what it says."""
    data, loss = recipe.data, recipe.loss
    name = recipe.name
    rules = [
        ("name", name, bool(name) and name not in (".", "..") and "/" not in name, "a folder's name"),
        ("seed", recipe.seed, recipe.seed >= 0, "0 or more"),
        ("batch_size", recipe.batch_size, recipe.batch_size >= 2, "2 or more"),
        ("precision", recipe.precision, recipe.precision in PRECISIONS, f"one of {', '.join(PRECISIONS)}"),
        ("average_decay", recipe.average_decay, 0 <= recipe.average_decay < 1, "from 0 to below 1"),
        ("weight_decay", recipe.weight_decay, recipe.weight_decay >= 0, "0 or more"),
        ("dropout", recipe.dropout, 0 <= recipe.dropout < 1, "from 0 to below 1"),
        ("checkpoint_every", recipe.checkpoint_every, recipe.checkpoint_every >= 1, "1 or more"),
        ("data.rare_emotion_cap", data.rare_emotion_cap, data.rare_emotion_cap >= 1, "1 or more"),
        ("data.draw", data.draw, _is_draw(data.draw), f"shares of {', '.join(SETS)}, not all of them 0"),
        ("stage", [], bool(recipe.stage), "one [[stage]] or more"),
    ]
    for key in ("test_folds", "calibration_folds"):
        folds = getattr(data, key)
        fits = bool(folds) and set(folds) <= set(range(FOLDS))
        rules.append((f"data.{key}", folds, fits, f"a list of folds from 0 to {FOLDS - 1}"))
    shared = sorted(set(data.test_folds) & set(data.calibration_folds))
    rules.append(("data.calibration_folds", shared, not shared, "apart from data.test_folds"))
    for f in fields(loss):
        value = getattr(loss, f.name)
        rules.append((f"loss.{f.name}", value, value >= 0, "0 or more"))
    for i, stage in enumerate(recipe.stage):
        rules += [
            (f"stage[{i}].image_size", stage.image_size, 32 <= stage.image_size <= 1024, "from 32 to 1024"),
            (f"stage[{i}].images", stage.images, stage.images >= recipe.batch_size, "a batch or more"),
            (f"stage[{i}].learning_rate", stage.learning_rate, stage.learning_rate > 0, "above 0"),
            (f"stage[{i}].first_pool", stage.first_pool, stage.first_pool in (2, 4), "2 or 4"),
            (f"stage[{i}].freeze_blocks", stage.freeze_blocks, 0 <= stage.freeze_blocks <= 5, "from 0 to 5"),
        ]
    return [f"{key}: {value!r} is not {wanted}" for key, value, fits, wanted in rules if not fits]


def _is_draw(draw: dict[str, float]) -> bool:
    return set(draw) <= set(SETS) and all(v >= 0 for v in draw.values()) and sum(draw.values()) > 0
