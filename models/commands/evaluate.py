"""`facecue evaluate`: figures of a model on labelled faces."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from edge.commands.base import Command, add_config, load_settings
from edge.errors import SettingsError
from models.commands.base import needs


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="folder of the data sets")
    parser.add_argument("--folds", default="0,1", help="people of CK+ (tenths) to test on (default: 0,1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    add_config(parser)


def _run(args: argparse.Namespace) -> int:
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


EVALUATE = Command("evaluate", "figures of a model on labelled faces", _configure, needs("train", _run))
