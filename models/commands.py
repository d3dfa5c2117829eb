"""`facecue train | evaluate | export`. Nothing heavy is imported before it is needed."""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Callable
from pathlib import Path

from edge.commands.base import Command, add_config, load_settings
from edge.errors import SettingsError


def _needs(extra: str, work: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """The command, with one clear sentence where its libraries are not installed."""

    def run(args: argparse.Namespace) -> int:
        try:
            return work(args)
        except ModuleNotFoundError as error:
            raise SettingsError(
                [f"{error.name} is not installed: this command needs pip install 'facecue[{extra}]'"]
            ) from error

    return run


def _configure_train(parser: argparse.ArgumentParser) -> None:
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


def _train(args: argparse.Namespace) -> int:
    from models import recipe as recipes
    from models import train
    from models.assemble import assemble
    from models.finish import finish

    logging.getLogger("models").setLevel(logging.INFO)
    recipe = recipes.load(args.recipe)
    output = args.output or Path("runs") / recipe.name
    data = assemble(recipe, args.data)
    weights = train.train(recipe, data, output, args.start or args.data / recipe.start, args.bgr)
    finish(recipe, data, weights, output)
    print(
        f"written: {output / 'net.safetensors'}; next: facecue export {output / 'net.safetensors'} -o FOLDER"
    )
    return 0


def _configure_evaluate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="folder of the data sets")
    parser.add_argument("--folds", default="0,1", help="people of CK+ (tenths) to test on (default: 0,1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    add_config(parser)


def _evaluate(args: argparse.Namespace) -> int:
    from edge import wiring
    from edge.action_units import ActionUnitNet
    from models.evaluate import evaluate, table

    try:
        folds = [int(part) for part in args.folds.split(",")]
    except ValueError as error:
        raise SettingsError([f"--folds {args.folds}: give whole numbers with commas between"]) from error
    settings = load_settings(args)
    folder = wiring.model(settings.model)
    device = wiring.backend(settings.model, folder)
    try:
        report = evaluate(folder, ActionUnitNet(device, folder.card), args.data, folds)
    finally:
        device.close()
    print(table(report))
    if args.json is not None:
        try:
            args.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            raise SettingsError([f"--json {args.json} cannot be written ({error.strerror})"]) from error
    return 0


def _configure_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", type=Path, metavar="CHECKPOINT", help="net.safetensors of a training")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER", help="model folder")
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FOLDER",
        help="data sets for the ranges of INT8 (default: bundled clips)",
    )


def _export(args: argparse.Namespace) -> int:
    from export.folder import export_model
    from models.exporting import request
    from models.networks import deployed

    report = export_model(request(deployed.load(args.checkpoint), args.data), args.output, print)
    print(report.table())
    return 0


TRAIN = Command("train", "train a net by a recipe", _configure_train, _needs("train", _train))
EVALUATE = Command(
    "evaluate", "figures of a model on labelled faces", _configure_evaluate, _needs("train", _evaluate)
)
EXPORT = Command(
    "export", "a trained checkpoint to a proven model folder", _configure_export, _needs("export", _export)
)
