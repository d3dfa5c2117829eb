"""`facecue train search`: the values of a recipe that do best."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from edge.errors import SettingsError
from models.commands.recipe_options import add_recipe, start_of

SUMMARY = "try the values that a recipe's [search] names, and write the best as a recipe"


def configure(parser: argparse.ArgumentParser) -> None:
    add_recipe(parser)
    parser.add_argument("--trials", type=int, metavar="N", help="finished trials (default: the recipe's)")
    parser.add_argument("--hours", type=float, metavar="H", help="begin no further trial after so long")


def run(args: argparse.Namespace) -> int:
    from models import recipe as recipes
    from models.search import search
    from models.search_report import table

    faults = [
        f"--{name} {value:g}: give a number above 0"
        for name, value in (("trials", args.trials), ("hours", args.hours))
        if value is not None and not value > 0
    ]
    if faults:
        raise SettingsError(faults)
    logging.getLogger("models").setLevel(logging.INFO)
    recipe = recipes.load(args.recipe)
    output = args.output or Path("runs") / f"{recipe.name}-search"
    start = start_of(args, recipe)
    print(table(search(recipe, args.data, output, start, args.workers, args.trials, args.hours)))
    print(f"written: {output / 'best.toml'}; next: facecue train {output / 'best.toml'} --data {args.data}")
    return 0
