"""Remembers how runs ended, so that a fault that comes back at every start ends in a safe mode."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from edge.uptime import boot as boot_of_machine
from edge.uptime import uptime

log = logging.getLogger(__name__)

FILE = "starts.json"
WINDOW_SECONDS = 600.0
"""Falls longer ago are no crash loop."""
MOST_FALLS = 3
"""After so many within the window the settings are left aside."""
WELL_SECONDS = 300.0
"""A run that works for so long has got over what made those before it fall."""
PAUSES_SECONDS = (0.0, 5.0, 15.0, 30.0, 60.0)
"""Before a start in the safe mode that falls as well: what cannot be mended is not tried without end."""
MOST_KEPT = 20


class Starts:
    """A file of starts that have not ended well.

    folder: of the service's state; None keeps nothing. A state that cannot be read or written is told in the
    log, and the run goes on as if there were none: a full disk is no crash.
    """

    def __init__(
        self,
        folder: Path | None,
        clock: Callable[[], float] = uptime,
        boot: str | None = None,
    ) -> None:
        self._path = folder / FILE if folder is not None else None
        self._clock = clock
        self._boot = boot_of_machine() if boot is None else boot
        self.falls = 0

    def begin(self) -> int:
        """Write this start down; returns how many before it, lately, did not end well."""
        now = self._clock()
        before = [at for at in self._read() if 0 <= now - at <= WINDOW_SECONDS]
        self.falls = len(before)
        self._write([*before, now][-MOST_KEPT:])
        return self.falls

    def well(self) -> None:
        """This run has ended in good order, or works for long enough: what was before is forgotten."""
        self.falls = 0
        self._write([])

    @property
    def safe(self) -> bool:
        """Whether this start is to leave the settings aside."""
        return self.falls >= MOST_FALLS

    @property
    def pause_seconds(self) -> float:
        """To wait before this start."""
        beyond = self.falls - MOST_FALLS
        return PAUSES_SECONDS[min(beyond, len(PAUSES_SECONDS) - 1)] if beyond > 0 else 0.0

    def _read(self) -> list[float]:
        if self._path is None:
            return []
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            if kept["boot"] != self._boot:
                return []
            return [float(at) for at in kept["starts"]]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s cannot be read and is begun anew: %s", self._path, error)
            return []

    def _write(self, starts: list[float]) -> None:
        if self._path is None:
            return
        new = self._path.with_suffix(".new")
        try:
            new.write_text(json.dumps({"boot": self._boot, "starts": starts}), encoding="utf-8")
            os.replace(new, self._path)  # noqa: PTH105  one step, or none
        except OSError as error:
            log.warning("%s cannot be written: %s", self._path, error)
            with suppress(OSError):
                new.unlink()
