"""`facecue self-check`: does this device give the answers the net was released with?"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from edge import self_check
from edge.checks.machine import Machine
from edge.checks.usb import Sightings
from edge.commands.aloud import add_aloud, teller
from edge.commands.base import Command, add_config, load_settings
from edge.errors import SettingsError
from edge.golden_check import Difference, GoldenResult
from edge.self_check import MOST_NAMED, Outcome
from edge.settings import SpeechSettings

BEGINNING = "checking, please wait"
"""The faces take half a minute on a slow processor, and silence would be taken for a fault."""


def _configure(parser: argparse.ArgumentParser) -> None:
    add_aloud(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output instead")
    add_config(parser)


def _run(args: argparse.Namespace) -> int:
    try:
        settings = load_settings(args)
    except SettingsError as error:
        spoken = "no self check: the settings are wrong. Run facecue config check"
        outcome = Outcome(self_check.NOT_TRIED, spoken, str(error))
        with teller(args, SpeechSettings()) as voice:
            _tell(outcome, args)
            voice.say(outcome.spoken)
        return outcome.status
    with teller(args, settings.speech) as voice:
        voice.say(BEGINNING)
        outcome = self_check.examine(settings.model, Sightings(Machine()).look)
        _tell(outcome, args)
        voice.say(outcome.spoken)
    return outcome.status


def _tell(outcome: Outcome, args: argparse.Namespace) -> None:
    for line in outcome.reason.splitlines():
        print(f"facecue {args.command}: {line}", file=sys.stderr)
    if args.json:
        print(json.dumps(_table(outcome), ensure_ascii=False), flush=True)
        return
    for line in _lines(outcome):
        print(line, flush=True)


def _lines(outcome: Outcome) -> Iterator[str]:
    if outcome.result is not None:
        yield f"{outcome.model}, on {outcome.device}"
        yield from _figures(outcome.result)
    yield outcome.spoken


def _figures(result: GoldenResult) -> Iterator[str]:
    yield (
        f"{result.crops} golden faces: largest difference of a probability {result.probability:.4f} "
        f"(allowed {result.allowed.probability:.4f}), decisions changed {result.flipped_share:.2%} "
        f"(allowed {result.allowed.flipped_share:.2%}), emotions changed {result.emotion_share:.2%} "
        f"(allowed {result.allowed.emotion_share:.2%})"
    )
    yield "answered by " + ", ".join(
        f"{name} ({count} of {result.crops})" for name, count in sorted(result.answered.items())
    )
    if result.answers_right:
        return
    for each in result.differing[:MOST_NAMED]:
        far = "is no number" if each.largest != each.largest else f"differs by {each.largest:.4f}"
        yield f"{_named(each)}: {far}, decided otherwise on {each.changed} of {result.crops} faces"
    if others := [each.name for each in result.differing[MOST_NAMED:]]:
        yield f"also differ: {', '.join(others)}"


def _named(difference: Difference) -> str:
    same = difference.name == difference.words
    return difference.name if same else f"{difference.name} ({difference.words})"


def _table(outcome: Outcome) -> dict[str, Any]:
    """Everything, for scripts; the keys do not depend on the outcome."""
    result = outcome.result
    table: dict[str, Any] = {
        "passed": outcome.status == self_check.PASSED,
        "status": outcome.status,
        "sentence": outcome.spoken,
        "reason": outcome.reason or None,
        "model": outcome.model or None,
        "device": outcome.device or None,
        "meant": None,
        "answered": {},
        "crops": 0,
        "measured": None,
        "allowed": None,
        "differing": [],
    }
    if result is not None:
        names = ("probability", "flipped_share", "emotion_share")
        table.update(
            meant=result.meant or None,
            answered=dict(result.answered),
            crops=result.crops,
            measured={name: _number(getattr(result, name)) for name in names},
            allowed=asdict(result.allowed),
            differing=[{**asdict(d), "largest": _number(d.largest)} for d in result.differing],
        )
    return table


def _number(value: float) -> float | None:
    """JSON has no "not a number"."""
    return value if value == value else None


COMMAND = Command("self-check", "compare this device's answers with the released ones", _configure, _run)
