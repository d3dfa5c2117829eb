"""Which button does what, as the settings tell it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from edge.control.commands import Command, parse, shown
from edge.errors import CommandError

LAST_PIN = 27
"""The header of a Raspberry Pi has GPIO0 to GPIO27 (Broadcom numbers)."""


@dataclass(frozen=True)
class Plan:
    """One button. pin: Broadcom number. short, long: what a press means, None for nothing."""

    pin: int
    short: Command | None
    long: Command | None


def planned(texts: Iterable[str]) -> list[Plan]:
    """The buttons of control.buttons. Raises CommandError with one sentence about the first fault.

    Each text is a pin, a command and, if a long press is to mean something, a second command; "-" stands
    for nothing: "17 what_now status", "22 rate=slower volume=quieter", "27 - quit".
    """
    plans: dict[int, Plan] = {}
    for text in texts:
        pin, *commands = text.split() or [""]
        number = re.fullmatch(r"(?:GPIO)?([0-9]{1,2})", pin, re.IGNORECASE)
        if not number or int(number.group(1)) > LAST_PIN:
            raise CommandError(
                f"{shown(text)} does not begin with a GPIO number from 0 to {LAST_PIN}; "
                'write for example "17 what_now status"'
            )
        if not 1 <= len(commands) <= 2:
            raise CommandError(
                f"{shown(text)} names {len(commands)} commands; name one for a short press, "
                "and if you like one for a long press"
            )
        short = _command(commands[0])
        plan = Plan(int(number.group(1)), short, _command(commands[1]) if len(commands) == 2 else None)
        if plan.pin in plans:
            raise CommandError(f"GPIO{plan.pin} is named twice; give every button a pin of its own")
        plans[plan.pin] = plan
    return list(plans.values())


def _command(word: str) -> Command | None:
    name, _, value = word.partition("=")
    return None if word == "-" else parse(name, value)
