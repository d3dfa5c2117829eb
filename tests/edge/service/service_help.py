"""A service on a clock that is stepped, a machine that is made up, pictures without a camera."""

from __future__ import annotations

import numpy as np

from edge.pipeline import Step
from edge.service.machine import Machine
from edge.service.notify import Notifier
from edge.service.pace import Pace
from edge.service.service import Service
from edge.service.starts import Starts
from edge.settings import PowerSettings
from edge.types import Box, Face, Frame

NOTHING = Step([], None, [])


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Stage:
    """A Service with all that it asks; `machine`, `stuck_seconds` and `troubles` may be set."""

    def __init__(
        self, notifier: Notifier | None = None, starts: Starts | None = None, **power: float
    ) -> None:
        self.clock = Clock()
        self.machine = Machine()
        self.stuck_seconds = 0.0
        self.troubles: list[str] = []
        self.said: list[str] = []
        self.reloads = 0
        settings = PowerSettings(**power)  # type: ignore[arg-type]
        self.pace = Pace(settings)
        self.service = Service(
            notifier or Notifier(), self.pace, starts, "1.2.3", read=lambda: self.machine, clock=self.clock
        )
        self.service.attach(
            self.said.append,
            lambda: self.troubles,
            self._reload,
            lambda: self.stuck_seconds,
            source="camera 0",
            model="small-au",
            device="CPU",
        )

    def _reload(self) -> None:
        self.reloads += 1

    def picture(self, seconds: float = 0.1, faces: int = 0, age: float = 0.05) -> None:
        self.clock.now += seconds
        face = Face(Box(1, 1, 2, 2), np.zeros((5, 2), np.float32), 0.9)
        self.service.picture(
            picture_of(0, self.clock.now - age), Step([face] * faces, None, []), self.clock.now
        )

    def turn(self, seconds: float = 0.25, paused: bool = False, lost: bool = False) -> None:
        self.clock.now += seconds
        self.service.turn(paused, lost, self.clock.now)


def picture_of(grey: int, at: float = 0.0) -> Frame:
    return Frame(np.full((64, 64, 3), grey, np.uint8), 0, at)
