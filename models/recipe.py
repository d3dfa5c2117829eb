"""Training recipes: a TOML file, checked key by key before training begins."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

from edge.errors import FacecueError
from models.recipe_table import build
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
    that count so many times more than their share alone would make them. posed: share of the draws that
    are acted emotions of CK+'s training people; voters and actors do not mean the same faces by a word.
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
    posed: float = 0.0


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
    from models.recipe_rules import faults_of  # the rules know every table of this file

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
