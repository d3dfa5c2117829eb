"""`facecue train`: a net by a recipe, and what is done around it."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands.base import Command
from edge.errors import SettingsError
from models.commands.base import Action, add_actions, needs, run_action

if TYPE_CHECKING:
    from models.recipe import Recipe
    from models.train import Start


def _configure_recipe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", type=Path, metavar="RECIPE.toml")
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="folder of the data sets")
    parser.add_argument("--start", type=Path, metavar="FILE", help="starting weights of the convolutions")
    parser.add_argument(
        "--bgr",
        action="store_true",
        help="the starting weights read blue first (VGG-Face from Caffe or Keras)",
    )
    parser.add_argument(
        "--output", type=Path, metavar="FOLDER", help="checkpoints and result (default: runs/NAME)"
    )
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="threads that prepare pictures (default: one fewer than the processor has)",
    )


def _recipe(args: argparse.Namespace) -> int:
    from models import recipe as recipes
    from models.assemble import assemble
    from models.distil import distil
    from models.finish import finish
    from models.train import train

    logging.getLogger("models").setLevel(logging.INFO)
    recipe = recipes.load(args.recipe)
    output = args.output or Path("runs") / recipe.name
    data = distil(assemble(recipe, args.data), recipe.distil, output)
    start = _start(args, recipe)
    finish(recipe, data, train(recipe, data, output, start, args.workers), output)
    print(
        f"written: {output / 'net.safetensors'}; next: facecue export {output / 'net.safetensors'} -o FOLDER"
    )
    return 0


def _start(args: argparse.Namespace, recipe: Recipe) -> Start:
    from models.train import Start

    if args.start and not recipe.start:
        raise SettingsError(
            [f'--start {args.start}: the recipe begins at random; name a file in its "start"']
        )
    return Start(args.start or args.data / recipe.start, args.bgr)


def _cross_validate(args: argparse.Namespace) -> int:
    from models import recipe as recipes
    from models.cross_validate import cross_validate, table

    logging.getLogger("models").setLevel(logging.INFO)
    recipe = recipes.load(args.recipe)
    output = args.output or Path("runs") / f"{recipe.name}-cross-validation"
    start = _start(args, recipe)
    print(table(cross_validate(recipe, args.data, output, start, args.workers)))
    return 0


ACTIONS = {
    "recipe": Action("train a net by a recipe", _configure_recipe, needs("train", _recipe)),
    "cross-validate": Action(
        "figures on every coded person, each by a net that never saw that person",
        _configure_recipe,
        needs("train", _cross_validate),
    ),
}


def _configure(parser: argparse.ArgumentParser) -> None:
    add_actions(parser, ACTIONS, default="recipe")


TRAIN = Command("train", "train a net by a recipe", _configure, run_action)
