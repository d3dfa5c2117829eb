"""Buttons at the pins of a small computer, through gpiozero (an extra: facecue[gpio])."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from edge.control.commands import Command
from edge.control.control import Control
from edge.control.plan import Plan
from edge.errors import ButtonError, CommandError

log = logging.getLogger(__name__)


class Buttons:
    """Turns short and long presses into commands, on gpiozero's threads.

    A long press counts as soon as it is long, so that the answer says when to let go. Raises ButtonError
    with one sentence where gpiozero or a pin cannot be used.
    """

    def __init__(
        self, plans: Sequence[Plan], control: Control, long_press_seconds: float, bounce_seconds: float
    ) -> None:
        self._control = control
        with ExitStack() as stack:
            for plan in plans:
                button = _button(plan.pin, long_press_seconds, bounce_seconds)
                stack.callback(button.close)
                self._connect(button, plan)
            self._opened = stack.pop_all()

    def close(self) -> None:
        """Let go of every pin."""
        self._opened.close()

    def _connect(self, button: Any, plan: Plan) -> None:
        held = False

        def long() -> None:
            nonlocal held
            held = True
            self._submit(plan.long)

        def released() -> None:
            nonlocal held
            was, held = held, False
            if not was:
                self._submit(plan.short)

        if plan.long is not None:
            button.when_held = long
        button.when_released = released

    def _submit(self, command: Command | None) -> None:
        if command is None:
            return
        try:
            self._control.submit(command)
        except CommandError as error:
            log.info("%s", error)


def _button(pin: int, long_press_seconds: float, bounce_seconds: float) -> Any:
    try:
        gpiozero = importlib.import_module("gpiozero")
    except ImportError as error:
        raise ButtonError(
            "control.buttons is set but gpiozero is not installed: pip install 'facecue[gpio]'"
        ) from error
    try:
        return gpiozero.Button(pin, hold_time=long_press_seconds, bounce_time=bounce_seconds or None)
    except Exception as error:  # gpiozero lets through whatever the library below it raises
        why = str(error).strip() or type(error).__name__
        raise ButtonError(
            f"the button at GPIO{pin} cannot be used ({why}): check control.buttons, that this computer "
            "has such pins, and that this user may use them (group gpio)"
        ) from error
