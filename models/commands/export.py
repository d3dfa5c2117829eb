"""`facecue export`: a trained checkpoint to a proven model folder, and each of its steps alone."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge.commands.base import Command
from models.commands import compile as compile_command
from models.commands import export_steps, setup_legacy
from models.commands.base import Action, add_actions, needs, run_action


def _configure_all(parser: argparse.ArgumentParser) -> None:
    export_steps.add_net(parser)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER", help="model folder")
    export_steps.add_without(parser)


def _all(args: argparse.Namespace) -> int:
    from export.folder import export_model

    request = export_steps.request_of(args)
    legacy = export_steps.legacy_for(args.without)
    print(export_model(request, args.output, print, legacy, args.without).table())
    return 0


ACTIONS = {
    "all": Action("a net to a model folder, through every step", _configure_all, needs("export", _all)),
    **export_steps.STEPS,
    "setup-legacy": Action(setup_legacy.SUMMARY, setup_legacy.configure, needs("export", setup_legacy.run)),
    "compile": Action(
        compile_command.SUMMARY, compile_command.configure, needs("export", compile_command.run)
    ),
}


def _configure(parser: argparse.ArgumentParser) -> None:
    add_actions(parser, ACTIONS, default="all")
    parser.epilog = "'facecue export NET -o FOLDER' is 'facecue export all NET -o FOLDER'."


EXPORT = Command("export", "a trained checkpoint to a proven model folder", _configure, run_action)
