"""Cues that are felt: a vibration motor at a GPIO pin."""

from __future__ import annotations

import threading
from typing import Any

from edge.errors import OutputError
from edge.settings import HapticsSettings
from edge.types import Cue

Pattern = tuple[float, ...]
"""Seconds on, off, on, and so on."""
PERSON: Pattern = (0.25,)
NOBODY: Pattern = (0.08,)
SMILE: Pattern = (0.1, 0.1, 0.1)
ERROR: Pattern = (0.4, 0.15, 0.4, 0.15, 0.4)
BETWEEN_SECONDS = 0.3
"""After a pattern, so that the next is felt as another one."""
TROUBLE = ("_lost", "_absent")


def pattern_of(cue: Cue) -> Pattern:
    """What is felt of a cue; nothing for most.

    Few patterns, and told apart by number and length: people learn four to six of them by heart and no
    more (Brown, Brewster & Purchase 2005, "A first investigation into the effectiveness of tactons").
    """
    if cue.kind == "person":
        return PERSON
    if cue.kind == "no_face":
        return NOBODY
    if cue.kind == "health":
        trouble = cue.label.endswith(TROUBLE) or cue.label == "cannot_go_on"
        return ERROR if trouble else ()
    if cue.kind == "cue" and "smile" in (cue.label, *cue.phrases):
        return SMILE
    return ()


class HapticsSink:
    """Vibrates for some cues; an edge.sinks.Sink. Needs gpiozero (extra `gpio`).

    Raises OutputError when gpiozero is missing or the pin cannot be used. factory: of gpiozero's pins,
    None for the one that it finds itself.
    """

    name = "haptics"

    def __init__(self, settings: HapticsSettings, factory: Any = None) -> None:
        self._strength = settings.strength
        self._cut = threading.Event()
        try:
            from gpiozero import GPIOZeroError, PWMOutputDevice
        except ImportError as error:
            raise OutputError(
                "haptics.pin is set, and vibration needs gpiozero, which is not installed; "
                "install facecue with its extra: pip install 'facecue[gpio]'"
            ) from error
        try:
            self._motor = PWMOutputDevice(_pin(settings.pin), pin_factory=factory)
        # Without a Raspberry Pi, its pin libraries raise whatever comes to their minds.
        except (GPIOZeroError, OSError, RuntimeError, ValueError, ImportError) as error:
            raise OutputError(
                f"haptics.pin: {settings.pin} cannot be used ({' '.join(str(error).split())}); "
                "name a free pin of this machine, or leave it empty"
            ) from error

    def deliver(self, cue: Cue) -> None:
        """Vibrate; returns when it is over or interrupted. Raises OutputError."""
        self._cut.clear()
        pattern = pattern_of(cue)
        try:
            for number, seconds in enumerate(pattern):
                self._motor.value = 0.0 if number % 2 else self._strength
                if self._cut.wait(seconds):
                    break
            self._motor.value = 0.0
        except (OSError, RuntimeError, ValueError) as error:
            raise OutputError(f"the vibration motor fails ({error}); check haptics.pin") from error
        if pattern:
            self._cut.wait(BETWEEN_SECONDS)

    def interrupt(self) -> None:
        """Stop vibrating."""
        self._cut.set()

    def close(self) -> None:
        """Stop vibrating and give the pin back."""
        self._motor.close()


def _pin(name: str) -> int | str:
    return int(name) if name.isdecimal() else name
