"""The command line: the one place that exits."""

from __future__ import annotations

import argparse
import importlib
import logging
import sys
from collections.abc import Sequence
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, version

from edge.commands.base import Command
from edge.errors import FacecueError

BUILT_IN = ("run", "demo", "annotate", "bench", "doctor", "self_check", "config", "hub")
GROUP = "facecue.commands"
BAD_INPUT = 2
"""Exit status where the input or the settings are at fault."""


class _StandardError(logging.Handler):
    """Writes to whatever standard error is at that moment: the demo's live view replaces it."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr)  # noqa: T201


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="facecue",
        description="Says in short cues what the face in front is doing. Offline; pictures stay in memory.",
    )
    parser.add_argument("--version", action="version", version=f"facecue {_version()}")
    parser.add_argument("-v", "--verbose", action="count", default=0, help="say more; twice: every frame")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in _commands():
        sub = subparsers.add_parser(command.name, help=command.summary, description=command.summary)
        command.configure(sub)
        sub.set_defaults(command_run=command.run)
    args = parser.parse_args(argv)
    logging.basicConfig(
        level={0: logging.WARNING, 1: logging.INFO}.get(args.verbose, logging.DEBUG),
        format="%(levelname)s %(name)s: %(message)s",
        handlers=[_StandardError()],
    )
    try:
        status: int = args.command_run(args)
    except FacecueError as error:
        for line in str(error).splitlines():
            print(f"facecue {args.command}: {line}", file=sys.stderr)  # noqa: T201
        return BAD_INPUT
    except BrokenPipeError:
        sys.stderr.close()
        return 141
    except OSError as error:  # a full disk, a file that vanished: the system's own words say which
        print(f"facecue {args.command}: {error}", file=sys.stderr)  # noqa: T201
        return BAD_INPUT
    except KeyboardInterrupt:
        return 130
    return status


def _commands() -> list[Command]:
    found = [importlib.import_module(f"edge.commands.{name}").COMMAND for name in BUILT_IN]
    # The heavy stages bring their own commands, so that a device need not even have them installed.
    for point in sorted(_plugins(), key=lambda p: p.name):
        try:
            found.append(point.load())
        except ImportError:
            logging.getLogger(__name__).debug("the command %s is not installed", point.name)
    return found


def _plugins() -> list[EntryPoint]:
    if sys.version_info >= (3, 10):
        found = list(entry_points(group=GROUP))
    else:
        found = list(entry_points().get(GROUP, []))
    # An editable install may be listed twice.
    return list({point.name: point for point in found}.values())


def _version() -> str:
    try:
        return version("facecue")
    except PackageNotFoundError:
        return "(not installed)"


if __name__ == "__main__":
    sys.exit(main())
