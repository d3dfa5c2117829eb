"""What a recipe must keep to: one rule for each value with which training could not run or would mislead."""

from __future__ import annotations

from typing import Any

from edge.facs import EMOTIONS, UNIT_COLUMNS
from models import search_space
from models.recipe import (
    DEVICES,
    FOLDS,
    NETWORKS,
    OPTIMISERS,
    PRECISIONS,
    READS,
    SCHEDULES,
    SETS,
    DataRecipe,
    Recipe,
    RefitRecipe,
    Stage,
)
from models.recipe_table import is_share


def faults_of(recipe: Recipe) -> list[str]:
    """A fault for every value with which a training or search could not run, or not mean what it says."""
    faults = training_faults(recipe)
    return faults or search_space.faults_of(recipe, training_faults)


def training_faults(recipe: Recipe) -> list[str]:
    """The same without what the search says."""
    rules = [
        *_plain_rules(recipe),
        *_own_rules(recipe),
        *_refit_rules(recipe.refit),
        *_fold_rules(recipe.data),
        *_head_rules(recipe),
    ]
    for i, stage in enumerate(recipe.stage):
        rules += [(f"stage[{i}].{key}", *rest) for key, *rest in _stage_rules(recipe, i, stage)]
    return [f"{key}: {value!r} is not {wanted}" for key, value, fits, wanted in rules if not fits]


_Rule = tuple[str, Any, bool, str]


def _plain_rules(recipe: Recipe) -> list[_Rule]:
    data, distil, optimiser = recipe.data, recipe.distil, recipe.optimiser
    name = recipe.name
    return [
        ("name", name, bool(name) and name not in (".", "..") and "/" not in name, "a folder's name"),
        _one_of("network", recipe.network, NETWORKS),
        ("seed", recipe.seed, recipe.seed >= 0, "0 or more"),
        ("batch_size", recipe.batch_size, recipe.batch_size >= 2, "2 or more"),
        _one_of("precision", recipe.precision, PRECISIONS),
        ("average_decay", recipe.average_decay, 0 <= recipe.average_decay < 1, "from 0 to below 1"),
        ("dropout", recipe.dropout, 0 <= recipe.dropout < 1, "from 0 to below 1"),
        ("checkpoint_every", recipe.checkpoint_every, recipe.checkpoint_every >= 1, "1 or more"),
        (
            "shared_stages",
            recipe.shared_stages,
            0 <= recipe.shared_stages <= len(recipe.stage),
            "a number of the stages",
        ),
        _one_of("optimiser.kind", optimiser.kind, OPTIMISERS),
        _not_negative("optimiser.weight_decay", optimiser.weight_decay),
        ("optimiser.momentum", optimiser.momentum, 0 <= optimiser.momentum < 1, "from 0 to below 1"),
        ("optimiser.clip_norm", optimiser.clip_norm, optimiser.clip_norm > 0, "above 0"),
        ("optimiser.head_rate", optimiser.head_rate, optimiser.head_rate > 0, "above 0"),
        ("data.rare_emotion_cap", data.rare_emotion_cap, data.rare_emotion_cap >= 1, "1 or more"),
        _not_negative("data.coded_weight", data.coded_weight),
        (
            "data.draw",
            data.draw,
            is_share(data.draw, SETS),
            f"shares of {', '.join(SETS)}, not all of them 0",
        ),
        ("distil.emotions", distil.emotions, 0 <= distil.emotions <= 1, "from 0 to 1"),
        ("distil.action_units", distil.action_units, 0 <= distil.action_units <= 1, "from 0 to 1"),
        ("distil.without", distil.without, set(distil.without) <= set(UNIT_COLUMNS), "a list of units"),
        ("stage", [], bool(recipe.stage), "one [[stage]] or more"),
        _one_size(recipe),
    ]


def _one_size(recipe: Recipe) -> _Rule:
    # The released net has the last stage's size, wherever it was trained.
    last = {device: s for s in recipe.stage for device in ("cpu", "gpu") if s.on in ("any", device)}
    sizes = [(s.image_size, s.first_pool) for s in last.values()]
    wanted = "one image_size and first_pool, in the last stages of a cpu and of a gpu"
    return "stage", sizes, len(set(sizes)) <= 1, wanted


def _own_rules(recipe: Recipe) -> list[_Rule]:
    drawn = any(recipe.draw(stage).get("own") for stage in recipe.stage)
    wanted = 'the folder or .zip of the set "own", where a draw names that set, and "" where none does'
    return [("data.own", recipe.data.own, bool(recipe.data.own) == drawn, wanted)]


def _refit_rules(refit: RefitRecipe) -> list[_Rule]:
    lift = refit.lift
    return [
        ("refit.epochs", refit.epochs, refit.epochs >= 0, "0 or more"),
        ("refit.hidden", refit.hidden, 1 <= refit.hidden <= 4096, "from 1 to 4096"),
        ("refit.batch_size", refit.batch_size, refit.batch_size >= 2, "2 or more"),
        ("refit.learning_rate", refit.learning_rate, refit.learning_rate > 0, "above 0"),
        _not_negative("refit.weight_decay", refit.weight_decay),
        _not_negative("refit.noise", refit.noise),
        ("refit.balance", refit.balance, 0 <= refit.balance <= 1, "from 0 to 1"),
        ("refit.balance_below", refit.balance_below, 0 < refit.balance_below <= 1, "above 0, up to 1"),
        ("refit.posed", refit.posed, 0 <= refit.posed < 1, "from 0 to below 1"),
        ("refit.lift", lift, set(lift) <= set(EMOTIONS), f"a table of {', '.join(EMOTIONS)}"),
        ("refit.lift", lift, all(v > 0 for v in lift.values()), "a table of numbers above 0"),
    ]


def _fold_rules(data: DataRecipe) -> list[_Rule]:
    rules: list[_Rule] = []
    for key in ("test_folds", "calibration_folds"):
        folds = getattr(data, key)
        fits = bool(folds) and set(folds) <= set(range(FOLDS))
        rules.append((f"data.{key}", folds, fits, f"a list of folds from 0 to {FOLDS - 1}"))
    shared = sorted(set(data.test_folds) & set(data.calibration_folds))
    return [*rules, ("data.calibration_folds", shared, not shared, "apart from data.test_folds")]


def _head_rules(recipe: Recipe) -> list[_Rule]:
    from torch.nn import ModuleDict

    from models.targets import TARGETS

    heads = {head.name: head for head in recipe.head}
    units, emotions = heads.get("action_units"), heads.get("emotions")
    rules: list[_Rule] = [
        ("head", [*heads], len(heads) == len(recipe.head), "a list of heads with different names"),
        (
            "head",
            [*heads],
            units is not None and units.target == "action_units" and units.reads == "features",
            'complete without a head "action_units" with the target action_units that reads the features',
        ),
        (
            "head",
            [*heads],
            emotions is not None and emotions.target == "emotions" and emotions.reads == "action_units",
            'complete without a head "emotions" with the target emotions that reads action_units',
        ),
    ]
    for i, head in enumerate(recipe.head):
        where = f"head[{i}]"
        rules += [
            (f"{where}.name", head.name, head.name.isidentifier(), "a name of letters and underscores"),
            (
                f"{where}.name",
                head.name,
                not hasattr(ModuleDict(), head.name),
                "a name that torch leaves free",
            ),
            _one_of(f"{where}.target", head.target, TARGETS),
            _one_of(f"{where}.reads", head.reads, READS),
            _not_negative(f"{where}.weight", head.weight),
            (f"{where}.hidden", head.hidden, 1 <= head.hidden <= 4096, "from 1 to 4096"),
            (f"{where}.balance", head.balance, 0 <= head.balance <= 1, "from 0 to 1"),
            (f"{where}.balance_below", head.balance_below, 0 < head.balance_below <= 1, "above 0, up to 1"),
        ]
        if head.balance and head.target in TARGETS:
            share = TARGETS[head.target].share
            rules.append((f"{where}.balance", head.balance, share, "0, for a target without classes"))
    return rules


def _stage_rules(recipe: Recipe, number: int, stage: Stage) -> list[_Rule]:
    names = {head.name for head in recipe.head}
    weights = stage.weights
    rules: list[_Rule] = [
        ("image_size", stage.image_size, 32 <= stage.image_size <= 1024, "from 32 to 1024"),
        ("images", stage.images, stage.images >= recipe.batch_size, "a batch or more"),
        ("learning_rate", stage.learning_rate, stage.learning_rate > 0, "above 0"),
        ("first_pool", stage.first_pool, stage.first_pool in (2, 4), "2 or 4"),
        (
            "first_pool",
            stage.first_pool,
            recipe.network == "vgg16" or stage.first_pool == 2,
            "2, where the network is not vgg16",
        ),
        ("freeze_blocks", stage.freeze_blocks, 0 <= stage.freeze_blocks <= 5, "from 0 to 5"),
        _one_of("schedule", stage.schedule, SCHEDULES),
        ("warm_up", stage.warm_up, 0 <= stage.warm_up < 1, "from 0 to below 1"),
        ("cached_copies", stage.cached_copies, 0 <= stage.cached_copies <= 32, "from 0 to 32"),
        (
            "cached_copies",
            stage.cached_copies,
            not stage.cached_copies or stage.freeze_blocks > 0,
            "0, where no block is frozen",
        ),
        _one_of("on", stage.on, DEVICES),
        (
            "draw",
            stage.draw,
            not stage.draw or is_share(stage.draw, SETS),
            f"shares of {', '.join(SETS)}, not all of them 0",
        ),
        ("weights", weights, set(weights) <= names, f"a table of the heads {', '.join(sorted(names))}"),
        ("weights", weights, all(v >= 0 for v in weights.values()), "a table of numbers from 0"),
        ("weights", weights, any(recipe.weight(stage, h) for h in recipe.head), "above 0 for any head"),
    ]
    if number < recipe.shared_stages:
        # What all folds share may know nothing that a coder said, or the test people leak.
        units = sum(recipe.weight(stage, h) for h in recipe.head if h.target == "action_units")
        rules += [
            ("draw", stage.draw, not recipe.draw(stage).get("ckplus"), "without ckplus, in a shared stage"),
            ("weights", weights, not units, "0 for the action units, in a shared stage"),
        ]
    return rules


def _one_of(key: str, value: str, known: Any) -> _Rule:
    return key, value, value in known, f"one of {', '.join(known)}"


def _not_negative(key: str, value: float) -> _Rule:
    return key, value, value >= 0, "0 or more"
