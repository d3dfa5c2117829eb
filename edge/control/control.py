"""The one way in: commands from any thread, for the loop to take."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from edge.control.commands import Command
from edge.errors import CommandError

CAPACITY = 32
"""Commands that may wait for the loop; nobody means more at once."""


@dataclass(frozen=True)
class Answer:
    """ok: whether the command was obeyed. text: what is said. phrases: the same, as keys of the catalogue.

    reason: one sentence for whoever sent it, where it was not obeyed.
    """

    ok: bool
    text: str
    phrases: tuple[str, ...] = ()
    reason: str = ""


Reply = Callable[[Answer], None]
"""Told the answer on the loop's thread; must return at once and raise nothing."""


@dataclass(frozen=True)
class Request:
    """A command that waits. reply: None where hearing the answer is enough."""

    command: Command
    reply: Reply | None = None


class Control:
    """Commands in the order in which they came; nobody who gives one waits for it. Thread-safe."""

    def __init__(self) -> None:
        self._waiting: deque[Request] = deque()
        self._changed = threading.Condition()

    def submit(self, command: Command, reply: Reply | None = None) -> None:
        """Leave a command for the loop. Raises CommandError while too many wait already."""
        with self._changed:
            if len(self._waiting) >= CAPACITY:
                raise CommandError(
                    f"{command.name}: {CAPACITY} commands wait already; send them one after the other"
                )
            self._waiting.append(Request(command, reply))
            self._changed.notify_all()

    def take(self) -> list[Request]:
        """All that wait, oldest first."""
        with self._changed:
            taken = list(self._waiting)
            self._waiting.clear()
            return taken

    def wait(self, timeout_seconds: float) -> bool:
        """Until a command waits; False after the time-out."""
        with self._changed:
            return self._changed.wait_for(lambda: bool(self._waiting), timeout_seconds)
