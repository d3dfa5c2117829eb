"""`facecue doctor`: what works on this device, and how to mend what does not."""

from __future__ import annotations

import argparse
from dataclasses import replace

from edge.checks import findings
from edge.commands.base import Command, add_config, changed, load_settings


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--source", metavar="URI", help="camera or stream to try (default: that of the settings)"
    )
    add_config(parser)


def _run(args: argparse.Namespace) -> int:
    settings = load_settings(args)
    settings = replace(settings, source=changed(settings.source, {"uri": args.source}))
    wrong = 0
    for finding in findings(settings):
        wrong += finding.state == "wrong"
        print(f"{finding.state:5s}  {finding.name}: {finding.sentence}", flush=True)
    print("everything that is needed works" if not wrong else f"{wrong} to mend")
    return 1 if wrong else 0


COMMAND = Command("doctor", "what works on this device, and how to mend what does not", _configure, _run)
