"""Where cues go, once they are decided."""

from __future__ import annotations

import contextlib
import json
import logging
import threading
from typing import Protocol, TextIO

from edge.errors import FacecueError
from edge.events import event
from edge.sinks import OnFault, Sink
from edge.types import Cue

log = logging.getLogger(__name__)

MOST_REMEMBERED = 200
"""Cues kept for the summary of the demo; a device runs for months."""


class Outlet(Protocol):
    """A sink as the loop sees it: SinkWorker on a device, DirectOutlet in a replay."""

    @property
    def name(self) -> str:
        """For messages."""

    def offer(self, cue: Cue) -> None:
        """Take a cue."""

    def drain(self, timeout_seconds: float) -> bool:
        """Wait until all is delivered; False if that took too long."""

    def close(self) -> None:
        """Deliver no more."""


class DirectOutlet:
    """Delivers at once, on the caller's thread: a replay must come out the same every time."""

    def __init__(self, sink: Sink, on_fault: OnFault) -> None:
        self._sink = sink
        self._on_fault = on_fault
        self._faulty = False
        self.name = sink.name

    def offer(self, cue: Cue) -> None:
        try:
            self._sink.deliver(cue)
        except FacecueError as error:
            if not self._faulty:
                self._faulty = True
                self._on_fault(self.name, error)

    def drain(self, timeout_seconds: float) -> bool:  # noqa: ARG002  nothing is ever waiting
        return True

    def close(self) -> None:
        self._sink.close()


class EventsFile:
    """One JSON object per cue and line, written through at once."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, cue: Cue, latency_ms: float | None) -> None:
        self._stream.write(json.dumps(event(cue, latency_ms), ensure_ascii=False) + "\n")
        self._stream.flush()

    def abandon(self) -> None:
        """Close a stream that cannot be written, without what could not be written."""
        with contextlib.suppress(OSError):
            self._stream.close()


class FanOut:
    """Hands every cue to the events file and to every outlet."""

    def __init__(self, events: EventsFile | None, on_fault: OnFault | None = None) -> None:
        self._outlets: list[Outlet] = []
        self._events = events
        self._on_fault = on_fault
        # The loop sends, and so do sinks that report a fault from their own threads.
        self._lock = threading.RLock()
        self.sent: list[Cue] = []

    def add(self, outlet: Outlet) -> None:
        """From now on this outlet gets every cue as well."""
        with self._lock:
            self._outlets.append(outlet)

    def send(self, cue: Cue, latency_ms: float | None = None, but: str = "") -> None:
        """latency_ms: from the picture to this call; None where no picture led to the cue.

        but: name of an outlet that does not get it: a voice that fails cannot say that it fails.
        """
        log.debug("%s: %s", cue.kind, cue.text)
        with self._lock:
            self.sent.append(cue)
            del self.sent[:-MOST_REMEMBERED]
            if self._events is not None:
                self._write(self._events, cue, latency_ms)
            for outlet in self._outlets:
                if outlet.name != but:
                    outlet.offer(cue)

    def _write(self, events: EventsFile, cue: Cue, latency_ms: float | None) -> None:
        try:
            events.write(cue, latency_ms)
        except BrokenPipeError:
            raise  # whoever read the events is gone, and with them the reason to go on
        except OSError as error:
            # A full disk is no reason to fall silent: what is said goes on.
            self._events = None
            events.abandon()
            if self._on_fault is not None:
                self._on_fault("events", error)

    def drain(self, timeout_seconds: float) -> None:
        """Wait for the outlets, together no longer than this for each."""
        for outlet in self._outlets:
            if not outlet.drain(timeout_seconds):
                log.warning("%s did not finish within %.0f s", outlet.name, timeout_seconds)

    def close(self) -> None:
        """Close every outlet, whatever happens to the others."""
        for outlet in reversed(self._outlets):
            try:
                outlet.close()
            except Exception as error:  # the others must be closed all the same
                log.error("%s: %s", outlet.name, error)
