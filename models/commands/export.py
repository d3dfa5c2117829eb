"""`facecue export`: a trained checkpoint to a proven model folder, and each of its steps alone."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge.commands.base import Command
from models.commands import compile as compile_command
from models.commands import setup_legacy
from models.commands.base import Action, add_actions, needs, run_action


def _configure_all(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", type=Path, metavar="CHECKPOINT", help="net.safetensors of a training")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER", help="model folder")
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FOLDER",
        help="data sets for the ranges of INT8 (default: bundled clips)",
    )


def _all(args: argparse.Namespace) -> int:
    from export.folder import export_model
    from models.exporting import request
    from models.networks import deployed

    report = export_model(request(deployed.load(args.checkpoint), args.data), args.output, print)
    print(report.table())
    return 0


ACTIONS = {
    "all": Action(
        "a checkpoint to a model folder, through every step", _configure_all, needs("export", _all)
    ),
    "setup-legacy": Action(setup_legacy.SUMMARY, setup_legacy.configure, needs("export", setup_legacy.run)),
    "compile": Action(
        compile_command.SUMMARY, compile_command.configure, needs("export", compile_command.run)
    ),
}


def _configure(parser: argparse.ArgumentParser) -> None:
    add_actions(parser, ACTIONS, default="all")
    parser.epilog = "'facecue export CHECKPOINT -o FOLDER' is 'facecue export all CHECKPOINT -o FOLDER'."


EXPORT = Command("export", "a trained checkpoint to a proven model folder", _configure, run_action)
