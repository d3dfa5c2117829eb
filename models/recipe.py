"""Training recipes: a TOML file, checked key by key before training begins."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from edge.errors import FacecueError
from edge.facs import EMOTIONS, UNIT_COLUMNS
from models import search_space
from models.recipe_table import build, is_share
from models.search_space import SearchRecipe

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


FOLDS = 10
"""Into how many folds people are split."""
SETS = ("ferplus", "ckplus", "lfw", "own")
"""The sets that can be drawn from."""
PRECISIONS = ("auto", "bfloat16", "float32")
NETWORKS = ("vgg16", "small")
OPTIMISERS = ("adamw", "sgd")
SCHEDULES = ("cosine", "linear", "constant")
DEVICES = ("any", "cpu", "gpu")
READS = ("features", "action_units")


class RecipeError(FacecueError, ValueError):
    """The recipe cannot be read, or a key or value in it is wrong."""


@dataclass(frozen=True)
class Head:
    """One answer of the net.

    target: what it is taught (models.targets). reads: the pooled features, or the action units alone,
    through `hidden` hidden units. weight: of its loss. balance: 0 learns the classes as often as they are
    drawn, 1 as if all were equally frequent (logit adjustment, Menon et al. 2021). balance_below: classes
    with a larger share than this are not balanced against each other, only the rarer ones against them.
    """

    name: str
    target: str = ""
    reads: str = "features"
    weight: float = 1.0
    hidden: int = 64
    balance: float = 0.0
    balance_below: float = 1.0


@dataclass(frozen=True)
class Stage:
    """One stretch of training at one picture size; what is empty is taken from the recipe.

    on: the device it is for; another device leaves it out. first_pool: of VGG-16 alone. cached_copies:
    so many degraded copies of each picture go through the frozen blocks once, and training draws from these.
    """

    image_size: int
    images: int
    learning_rate: float
    freeze_blocks: int = 0
    first_pool: int = 2
    schedule: str = "cosine"
    warm_up: float = 0.06
    cached_copies: int = 0
    on: str = "any"
    draw: dict[str, float] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class DataRecipe:
    """Which people are kept apart and what is drawn how often.

    own: pictures of one's own in the data folder (models.data.own_pictures), drawn as the set "own".
    """

    test_folds: list[int] = field(default_factory=lambda: [0, 1])
    calibration_folds: list[int] = field(default_factory=lambda: [2])
    rare_emotion_cap: float = 4.0
    coded_weight: float = 2.0
    draw: dict[str, float] = field(default_factory=lambda: {"ferplus": 0.74, "ckplus": 0.12, "lfw": 0.14})
    own: str = ""


@dataclass(frozen=True)
class DistilRecipe:
    """A trained net whose answers are mixed into the targets: model is its checkpoint, "" is none.

    without: units of which it is not asked.
    """

    model: str = ""
    emotions: float = 0.5
    action_units: float = 0.5
    without: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class RefitRecipe:
    """How the emotion stage is fitted to the finished net; epochs = 0 leaves it as it was trained.

    noise: standard deviation added to the log-odds. balance, balance_below: as of a head. lift: emotions
    that count so many times more than their share alone would make them.
    """

    epochs: int = 0
    hidden: int = 64
    batch_size: int = 256
    learning_rate: float = 6e-3
    weight_decay: float = 1e-3
    noise: float = 0.5
    balance: float = 1.0
    balance_below: float = 0.05
    lift: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class OptimiserRecipe:
    """How weights move."""

    kind: str = "adamw"
    weight_decay: float = 0.005
    momentum: float = 0.9
    clip_norm: float = 5.0
    head_rate: float = 3.0


def _heads() -> list[Head]:
    return [
        Head("action_units", "action_units", weight=4.0),
        Head("emotions", "emotions", reads="action_units"),
        Head("direct_emotions", "emotions", weight=0.4),
        Head("blendshapes", "blendshapes", weight=2.0),
    ]


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a training run gives; the same recipe gives the same net."""

    name: str
    stage: list[Stage]
    version: str = "0.1.0"
    network: str = "vgg16"
    seed: int = 1
    batch_size: int = 64
    start: str = ""
    precision: str = "auto"
    average_decay: float = 0.998
    dropout: float = 0.3
    checkpoint_every: int = 100
    shared_stages: int = 0
    head: list[Head] = field(default_factory=_heads)
    optimiser: OptimiserRecipe = field(default_factory=OptimiserRecipe)
    data: DataRecipe = field(default_factory=DataRecipe)
    distil: DistilRecipe = field(default_factory=DistilRecipe)
    refit: RefitRecipe = field(default_factory=RefitRecipe)
    search: SearchRecipe = field(default_factory=SearchRecipe)

    def draw(self, stage: Stage) -> dict[str, float]:
        """Share of each set in a batch of this stage."""
        return stage.draw or self.data.draw

    def weight(self, stage: Stage, head: Head) -> float:
        """Weight of a head's loss in this stage."""
        return stage.weights.get(head.name, head.weight)


def load(path: Path) -> Recipe:
    """Read a recipe; RecipeError names the file and every key that is wrong."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecipeError(f"{path} cannot be read: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path} is not valid TOML: {error}") from error
    faults: list[str] = []
    recipe = build(Recipe, table, "", faults)
    if not faults:
        faults = faults_of(recipe)
    if faults:
        raise RecipeError(f"{path}: " + "; ".join(faults))
    assert isinstance(recipe, Recipe)
    return recipe


def without(recipe: Recipe, heads: list[str]) -> Recipe:
    """The recipe with the losses of these heads switched off behind the shared stages."""
    known = [head.name for head in recipe.head]
    unknown = [name for name in heads if name not in known]
    if unknown:
        raise RecipeError(f"the recipe has no head {', '.join(unknown)}; it has {', '.join(known)}")
    off = dict.fromkeys(heads, 0.0)
    stages = [
        stage if number < recipe.shared_stages else replace(stage, weights={**stage.weights, **off})
        for number, stage in enumerate(recipe.stage)
    ]
    return replace(recipe, stage=stages)


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
