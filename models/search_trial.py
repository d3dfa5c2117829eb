"""One trial of a search: a recipe with the values of the trial, trained and judged stage by stage."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator
from dataclasses import asdict, astuple, replace
from pathlib import Path

import torch

from models import checkpoint
from models.assemble import TrainingData, assemble
from models.distil import distil
from models.finish import load_average, refit_emotions
from models.networks.build import set_stage
from models.objective import Score, score
from models.recipe import Recipe
from models.recipe_write import replace_text
from models.search_space import SearchRecipe, steps
from models.train import Start, train

log = logging.getLogger(__name__)

BIG = ("checkpoint.pt", "net.pt", "shared.pt", "*.part", "features-*")
"""What is deleted of a trial that is not the best."""


class Trials:
    """Trains trials below one folder; what they have in common is read, trained and stored once."""

    def __init__(self, recipe: Recipe, folder: Path, output: Path, start: Start, workers: int | None) -> None:
        self._recipe = replace(recipe, search=SearchRecipe())
        self._folder = folder
        self._output = output
        self._start = start
        self._workers = workers
        self._read: tuple[float, TrainingData] | None = None
        self._in_the_way = [path for path in recipe.search.space if touches_shared(recipe, path)]
        if recipe.shared_stages and self._in_the_way:
            log.info(
                "the shared stages are trained anew in every trial: they hang on %s",
                ", ".join(self._in_the_way),
            )

    def run(self, recipe: Recipe, place: Path) -> Iterator[tuple[int, Score]]:
        """Each stage's number and score as soon as it is trained; a killed trial goes on where it stood.

        Raises DivergedError if the loss ends as no number.
        """
        data = self._data(recipe)
        soft = distil(data, recipe.distil, self._output, self._folder)
        place.mkdir(parents=True, exist_ok=True)
        begun = self._begin(recipe, place)
        self._link_stored(recipe, place)
        kept = place / "scores.json"
        known = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
        for number in (n for n in stages_here(recipe) if n >= begun):
            if str(number) not in known:
                only = range(number, number + 1)
                weights = train(recipe, data, place, self._start, self._workers, only, soft)
                known[str(number)] = astuple(judge(recipe, number, weights, data))
                replace_text(kept, json.dumps(known) + "\n")
            yield number, Score(*known[str(number)])

    def _begin(self, recipe: Recipe, place: Path) -> int:
        """Let the trial begin behind the stages that all share; returns how many these are."""
        here = stages_here(recipe)
        shared_here = [number for number in here if number < recipe.shared_stages]
        if self._in_the_way or not shared_here or shared_here == here:
            return 0
        first = self._output / "shared"
        shared = first / "shared.pt"
        if not shared.is_file():
            base, only = self._recipe, range(recipe.shared_stages)
            train(base, self._data(base), first, self._start, self._workers, only)
        state = checkpoint.read(shared, self._recipe)
        if not (place / "checkpoint.pt").is_file():
            checkpoint.write(place / "checkpoint.pt", {**(state or {}), "recipe": asdict(recipe)})
        if (first / "start.json").is_file():
            shutil.copyfile(first / "start.json", place / "start.json")
        return recipe.shared_stages

    def _link_stored(self, recipe: Recipe, place: Path) -> None:
        """One store of features and of another net's answers for all trials: filled anew if they differ."""
        names = [f"features-{number}" for number, stage in enumerate(recipe.stage) if stage.cached_copies]
        for name in names:
            (self._output / name).mkdir(exist_ok=True)
        names += ["distilled.npz"] if recipe.distil.model else []
        for name in names:
            if not (place / name).is_symlink():
                (place / name).symlink_to(Path("..") / name)

    def _data(self, recipe: Recipe) -> TrainingData:
        cap = recipe.data.rare_emotion_cap
        if self._read is None or self._read[0] != cap:
            self._read = None  # two sets of everything need not fit into memory
            self._read = (cap, assemble(recipe, self._folder))
        return self._read[1]


def judge(recipe: Recipe, number: int, weights: Path, data: TrainingData) -> Score:
    """The score of averaged weights as they stand behind a stage; behind the last one, as released."""
    net, stage = load_average(recipe, weights).to(_device()), recipe.stage[number]
    set_stage(net, stage.first_pool)
    if number == stages_here(recipe)[-1]:
        refit_emotions(recipe, net, data)
    return score(net, data, stage.image_size)


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def stages_here(recipe: Recipe) -> list[int]:
    """Numbers of the stages that this machine trains."""
    device = "gpu" if _device() == "cuda" else "cpu"
    return [number for number, stage in enumerate(recipe.stage) if stage.on in ("any", device)]


def touches_shared(recipe: Recipe, path: str) -> bool:
    """Whether what the shared stages give hangs on the value at this path."""
    shared = recipe.stage[: recipe.shared_stages]
    table, *rest = steps(path)
    if table == "stage":
        return int(rest[0]) < len(shared)
    if table in ("distil", "refit") or path == "data.coded_weight":
        return False  # no coder is listened to there, nor a net that has listened to one
    if path.startswith("data.draw."):
        return not all(stage.draw for stage in shared)
    if table == "head":
        head = next(h for i, h in enumerate(recipe.head) if rest[0] in (str(i), h.name))
        if rest[1] == "weight":
            return not all(head.name in stage.weights for stage in shared)
        if rest[1] == "balance":
            return any(recipe.weight(stage, head) for stage in shared)
    return True


def delete_big_files(place: Path) -> None:
    """Leave of a trial's folder what tells how it went."""
    for pattern in BIG:
        for path in place.glob(pattern):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
