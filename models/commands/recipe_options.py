"""What every training command is told: the recipe, the data and where to begin."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from edge.errors import SettingsError

if TYPE_CHECKING:
    from models.recipe import Recipe
    from models.train import Start


def add_recipe(parser: argparse.ArgumentParser) -> None:
    """RECIPE.toml, --data, --start, --bgr, --output, --workers."""
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


def start_of(args: argparse.Namespace, recipe: Recipe) -> Start:
    """Where the first weights come from. Raises SettingsError where the recipe wants none."""
    from models.train import Start

    if args.start and not recipe.start:
        raise SettingsError(
            [f'--start {args.start}: the recipe begins at random; name a file in its "start"']
        )
    return Start(args.start or args.data / recipe.start, args.bgr)
