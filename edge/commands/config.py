"""`facecue config check`: are the settings right?"""

from __future__ import annotations

import argparse
from pathlib import Path

from edge import settings
from edge.commands.base import Command, config_path


def _configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = actions.add_parser("check", help="name every fault of a settings file, or say that it is right")
    check.add_argument("file", nargs="?", type=Path, help="settings file (default: the one `run` would use)")


def _run(args: argparse.Namespace) -> int:
    path = args.file if args.file is not None else config_path(args)
    settings.load(path)
    print(f"{path or 'the defaults'}: right")
    return 0


COMMAND = Command("config", "check the settings", _configure, _run)
