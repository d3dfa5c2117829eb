"""`facecue doctor`: what works on this device, and how to mend what does not."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, replace

from edge.checks import findings
from edge.checks.finding import WRONG, Finding, wrong
from edge.checks.udev import OWN_RULES
from edge.commands.aloud import add_aloud, teller
from edge.commands.base import Command, add_config, changed, load_settings
from edge.errors import SettingsError
from edge.settings import SpeechSettings

BEGINNING = "checking, please wait"


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--source", metavar="URI", help="camera or stream to try (default: that of the settings)"
    )
    add_aloud(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output instead")
    parser.add_argument(
        "--udev-rule", action="store_true", help="only print the udev rules that let users at the stick"
    )
    add_config(parser)


def _run(args: argparse.Namespace) -> int:
    if args.udev_rule:
        print(OWN_RULES, end="")
        return 0
    try:
        settings = load_settings(args)
    except SettingsError as error:
        _settings_wrong(args, error)
        raise
    settings = replace(settings, source=changed(settings.source, {"uri": args.source}))
    found = []
    with teller(args, settings.speech) as voice:
        voice.say(BEGINNING)
        for finding in findings(settings):
            found.append(finding)
            if not args.json:
                print(f"{finding.state:5s}  {finding.name}: {finding.words}", flush=True)
        to_mend = [finding for finding in found if finding.state == WRONG]
        if args.json:
            _print_json(found, to_mend)
        else:
            print(f"{len(to_mend)} to mend" if to_mend else "everything that is needed works", flush=True)
        voice.say(_summary(to_mend))
    return 1 if to_mend else 0


def _settings_wrong(args: argparse.Namespace, error: SettingsError) -> None:
    found = [
        wrong("settings", fault, "facecue config check FILE", "the settings are wrong")
        for fault in error.faults
    ]
    if args.json:
        _print_json(found, found)
    # Which voice is wanted is not known either.
    with teller(args, SpeechSettings()) as voice:
        voice.say(_summary(found))


def _print_json(found: Sequence[Finding], to_mend: Sequence[Finding]) -> None:
    table = {
        "passed": not to_mend,
        "sentence": _summary(to_mend),
        "to_mend": [finding.name for finding in to_mend],
        "findings": [asdict(finding) for finding in found],
    }
    print(json.dumps(table, ensure_ascii=False), flush=True)


def _summary(to_mend: Sequence[Finding]) -> str:
    """For the ear: what is wrong in a few words each; commands are left to the screen reader."""
    if not to_mend:
        return "everything that is needed works"
    # One fault often shows in two checks.
    told = dict.fromkeys(finding.spoken or f"the {finding.name}" for finding in to_mend)
    things = "thing" if len(to_mend) == 1 else "things"
    return f"{len(to_mend)} {things} to mend: {', '.join(told)}. The terminal says how"


COMMAND = Command("doctor", "what works on this device, and how to mend what does not", _configure, _run)
