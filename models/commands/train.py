"""`facecue train`: a net by a recipe, and what is done around it."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from edge.commands.base import Command
from models.commands import check, label, search
from models.commands.base import Action, add_actions, needs, run_action
from models.commands.recipe_options import add_recipe, start_of


def _recipe(args: argparse.Namespace) -> int:
    from models import recipe as recipes
    from models.assemble import assemble
    from models.distil import distil
    from models.finish import finish
    from models.train import train

    logging.getLogger("models").setLevel(logging.INFO)
    recipe = recipes.load(args.recipe)
    output = args.output or Path("runs") / recipe.name
    start = start_of(args, recipe)
    data = assemble(recipe, args.data)
    soft = distil(data, recipe.distil, output, args.data)
    weights = train(recipe, data, output, start, args.workers, soft=soft)
    finish(recipe, data, weights, output, soft)
    print(
        f"written: {output / 'net.safetensors'}; next: facecue export {output / 'net.safetensors'} -o FOLDER"
    )
    return 0


def _configure_cross_validate(parser: argparse.ArgumentParser) -> None:
    add_recipe(parser)
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="HEAD",
        help="leave out the loss of this head behind the shared stages, to see what it costs or brings",
    )


def _cross_validate(args: argparse.Namespace) -> int:
    from models import recipe as recipes
    from models.cross_validate import cross_validate, table

    logging.getLogger("models").setLevel(logging.INFO)
    recipe = recipes.without(recipes.load(args.recipe), args.without)
    output = args.output or Path("runs") / f"{recipe.name}-cross-validation"
    start = start_of(args, recipe)
    print(table(cross_validate(recipe, args.data, output, start, args.workers)))
    return 0


ACTIONS = {
    "recipe": Action("train a net by a recipe", add_recipe, needs("train", _recipe)),
    "cross-validate": Action(
        "figures on every coded person, each by a net that never saw that person",
        _configure_cross_validate,
        needs("train", _cross_validate),
    ),
    "check": Action(check.SUMMARY, check.configure, needs("train", check.run)),
    "label": Action(label.SUMMARY, label.configure, needs("train", label.run)),
    "search": Action(search.SUMMARY, search.configure, needs("train", search.run)),
}


def _configure(parser: argparse.ArgumentParser) -> None:
    add_actions(parser, ACTIONS, default="recipe")


TRAIN = Command("train", "train a net by a recipe", _configure, run_action)
