"""The run as the system sees it: alive or not, how it is, and what is done when its settings change."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from edge.pipeline import Step
from edge.service import health as states
from edge.service.health import Health, words
from edge.service.machine import Machine, read_machine
from edge.service.notify import Notifier
from edge.service.pace import Pace
from edge.service.starts import WELL_SECONDS, Starts
from edge.service.watchdog import Watchdog
from edge.types import Frame

log = logging.getLogger(__name__)

LATELY = 300
"""Pictures over which ages and the rate are told."""
STATUS_SECONDS = 5.0
"""How often systemd is told how it goes, and the machine is looked at."""
COOLER_CELSIUS = 5.0
"""Below the limit by so much the machine is no longer hot: it is not to be told of at every swing."""

Say = Callable[[str], None]
"""Says a key of the catalogue."""


class Service:
    """A loop.Pulse that feeds the watchdog, keeps the figures of Health and looks after heat and power.

    notifier, starts, pace: as they are. version, safe_mode, falls: as in Health. read: how the machine is.
    Connected to a run by attach(); until then it is starting. snapshot() may be called from any thread,
    everything else belongs to the loop's.
    """

    def __init__(
        self,
        notifier: Notifier,
        pace: Pace,
        starts: Starts | None = None,
        version: str = "",
        safe_mode: str = "",
        read: Callable[[], Machine] = read_machine,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.notifier = notifier
        self.pace = pace
        self._starts = starts
        self._read = read
        self._clock = clock
        self._begun = clock()
        self._watchdog = Watchdog(notifier)
        self._lock = threading.Lock()
        self._ages: deque[tuple[float, float]] = deque(maxlen=LATELY)
        self._health = Health(version=version, safe_mode=safe_mode, falls=starts.falls if starts else 0)
        self._ready = False
        self._looked_at = -STATUS_SECONDS
        self._picture_at = self._begun
        self._wanted = threading.Event()
        self._reload: Callable[[], None] = lambda: None
        self._say: Say = lambda _: None
        self._troubles: Callable[[], Sequence[str]] = lambda: ()
        self._stuck_seconds: Callable[[], float] = lambda: 0.0
        self._told: dict[str, bool] = {}

    def attach(
        self,
        say: Say,
        troubles: Callable[[], Sequence[str]],
        reload: Callable[[], None],
        stuck_seconds: Callable[[], float],
        source: str,
        model: str,
        device: str,
    ) -> None:
        """Connect it to a run. troubles: keys of the catalogue. reload: reads the settings again and applies
        them; raises nothing. stuck_seconds: as of a Grabber. The others: as in Health."""
        self._say, self._troubles, self._reload = say, troubles, reload
        self._stuck_seconds = stuck_seconds
        with self._lock:
            self._health = replace(self._health, source=source, model=model, device=device)

    def want_reload(self) -> None:
        """At the next turn the settings are read again; may be called in a signal handler."""
        self._wanted.set()

    def picture(self, frame: Frame, step: Step, now: float) -> None:
        """Of loop.Pulse."""
        at = self._clock()
        self._picture_at = at
        faces = len(step.faces)
        self.pace.saw(frame, faces, at)
        with self._lock:
            self._ages.append((at, now - frame.captured_at))
            health = self._health
            self._health = replace(health, state=states.RUNNING, pictures=health.pictures + 1, faces=faces)
        self._watchdog.picture(at)
        self._turned(at)

    def turn(self, paused: bool, lost: bool, now: float) -> None:  # noqa: ARG002  the run's clock is not ours
        """Of loop.Pulse."""
        at = self._clock()
        with self._lock:
            before = self._health
            if paused:
                self._health = replace(before, state=states.PAUSED, faces=0)
            elif lost:
                news = before.state != states.LOST
                self._health = replace(before, state=states.LOST, faces=0, losses=before.losses + news)
        self._watchdog.turn(at, paused, lost, self._stuck_seconds())
        if paused or lost:
            self._turned(at)

    def stopping(self) -> None:
        """The run ends in good order."""
        with self._lock:
            self._health = replace(self._health, state=states.STOPPING)
        self.notifier.stopping()
        self.notifier.status("shutting down")

    def snapshot(self) -> Health:
        """How it is at this moment."""
        now = self._clock()
        with self._lock:
            health, ages = self._health, list(self._ages)
        lately = [age for at, age in ages if now - at <= 10.0]
        in_order = sorted(age for _, age in ages)
        return replace(
            health,
            uptime_seconds=round(now - self._begun, 1),
            rate=round(len(lately) / max(1.0, min(10.0, now - self._begun)), 2),
            age_ms=_share(in_order, 0.5),
            age_p99_ms=_share(in_order, 0.99),
            idle_seconds=round(now - self._picture_at, 1),
            slowed=self.pace.held_back,
            troubles=tuple(self._troubles()),
        )

    def _turned(self, at: float) -> None:
        if self._wanted.is_set():
            self._wanted.clear()
            self.notifier.reloading()
            self._reload()
            self.notifier.ready()
        if at - self._looked_at >= STATUS_SECONDS:
            self._looked_at = at
            self._look_after(self._read())
            self.notifier.status(words(self.snapshot()))
        if not self._ready:
            self._ready = True
            self.notifier.ready()
        if self._starts is not None and at - self._begun >= WELL_SECONDS:
            self._starts.well()
            self._starts = None

    def _look_after(self, machine: Machine) -> None:
        """What heat and power ask for, and what the user should know of them."""
        settings = self.pace.settings
        hot = self._told.get("hot", False)
        if machine.celsius is not None:
            hot = machine.celsius >= settings.hot_celsius - (COOLER_CELSIUS if hot else 0.0)
        low = (
            machine.battery_percent is not None
            and not machine.charging
            and machine.battery_percent <= settings.battery_low_percent
        )
        self.pace.held_back = hot or low or bool(machine.throttled)
        with self._lock:
            self._health = replace(self._health, machine=machine)
        for name, holds in (("hot", hot), ("battery_low", low), ("power_weak", bool(machine.weak_power))):
            if holds != self._told.get(name, False):
                self._told[name] = holds
                self._say(name if holds else f"{name}_over")


def _share(in_order: Sequence[float], share: float) -> float:
    """A quantile of seconds, in milliseconds."""
    return (
        round(1000.0 * in_order[min(len(in_order) - 1, int(share * len(in_order)))], 1) if in_order else 0.0
    )
