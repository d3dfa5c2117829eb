"""Keeps a live source fresh: a thread that reads all of it and holds only the latest frame."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from edge.errors import FacecueError
from edge.settings import SourceSettings
from edge.sources.base import FrameReader
from edge.sources.still import Stillness
from edge.types import Frame

log = logging.getLogger(__name__)

JOIN_SECONDS = 2.0
"""How long close() waits for a read in progress: the service has five seconds to end in."""


@dataclass(frozen=True)
class SourceState:
    """Whether the source is lost, why (a sentence, empty while it works), and since when."""

    lost: bool
    why: str
    since: float


class Grabber:
    """Reads a live source on its own thread; the loop takes the latest frame whenever it is ready.

    open: makes the reader, again after every loss. clock: seconds, monotonic; captured_at is its
    time right after a frame was read, and frames count on through reconnections. reader: the
    first reader, where it was opened already. A source that fails, is silent for
    read_timeout_seconds or sends the same picture for settings.frozen_seconds is lost; it is reopened
    after reconnect_seconds, doubling up to reconnect_most_seconds.
    """

    ended = False
    """A live source has no end: what is lost may come back."""

    def __init__(
        self,
        open: Callable[[], FrameReader],
        settings: SourceSettings,
        clock: Callable[[], float] = time.monotonic,
        reader: FrameReader | None = None,
    ) -> None:
        self._open = open
        self._settings = settings
        self._clock = clock
        self._first = reader
        self._name = reader.name if reader is not None else "the source"
        self._still = Stillness(settings.frozen_seconds)
        self._patience_seconds = min(settings.frozen_seconds, settings.read_timeout_seconds)
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self._slot: Frame | None = None
        self._count = 0
        now = clock()
        self._state = SourceState(lost=False, why="", since=now)
        self._due = now + settings.open_timeout_seconds + settings.read_timeout_seconds
        self._turned_at = now
        self._thread = threading.Thread(target=self._run, name="grabber", daemon=True)
        self._thread.start()

    @property
    def state(self) -> SourceState:
        """How the source is at this moment; noticed even while a read hangs."""
        with self._changed:
            if not self._state.lost and self._clock() > self._due:
                self._lose(f"{self._name} sends no pictures")
            return self._state

    @property
    def lost(self) -> bool:
        return self.state.lost

    @property
    def stuck_seconds(self) -> float:
        """For how long opening or reading has not come back; their own time-outs should end it."""
        return max(0.0, self._clock() - self._turned_at)

    def latest(self, timeout_seconds: float) -> Frame | None:
        """The newest frame not handed out yet; None if none comes within the time."""
        with self._changed:
            self._changed.wait_for(lambda: self._slot is not None or self._stop.is_set(), timeout_seconds)
            frame, self._slot = self._slot, None
            return frame

    def close(self) -> bool:
        """Stop and close the source; False, and a warning, if a read hangs past JOIN_SECONDS.

        A thread that hangs there is left to end with the process.
        """
        with self._changed:
            self._stop.set()
            self._changed.notify_all()
        self._thread.join(JOIN_SECONDS)
        if self._thread.is_alive():
            log.warning("%s hangs in a read and was not closed within %g s", self._name, JOIN_SECONDS)
            return False
        return True

    def _run(self) -> None:
        reader = self._first
        pause = self._settings.reconnect_seconds
        while not self._stop.is_set():
            count = self._count
            self._turned_at = self._clock()
            try:
                if reader is None:
                    reader = self._open()
                self._name = reader.name
                why = self._follow(reader)
            except FacecueError as error:
                why = str(error)
            except Exception as error:  # the thread must live on, and the message may hold a password
                why = f"{self._name} failed with {type(error).__name__}"
            finally:
                if reader is not None:
                    reader.close()
                    reader = None
            if self._stop.is_set():
                return
            with self._changed:
                self._lose(why)
            if self._count > count:
                pause = self._settings.reconnect_seconds
            self._turned_at = math.inf
            self._stop.wait(pause)
            pause = min(2 * pause, self._settings.reconnect_most_seconds)

    def _follow(self, reader: FrameReader) -> str:
        """Publish frames until the source is lost; returns why."""
        started = self._clock()
        while not self._stop.is_set():
            frame = reader.read()
            now = self._turned_at = self._clock()
            if frame is None:
                return f"{reader.name} stopped sending pictures"
            if not self._still.frozen(frame.image, now):
                self._publish(frame, now)
            # A source just reopened may begin with the picture it ended with.
            elif now - started >= self._patience_seconds:
                return f"{reader.name} keeps sending the same picture"
        return ""

    def _publish(self, frame: Frame, now: float) -> None:
        with self._changed:
            self._slot = Frame(frame.image, self._count, now)
            self._count += 1
            self._due = now + self._settings.read_timeout_seconds
            if self._state.lost:
                self._state = SourceState(lost=False, why="", since=now)
                log.info("%s is back", self._name)
            self._changed.notify_all()

    def _lose(self, why: str) -> None:
        """Called with the lock held."""
        if self._state.lost:
            log.debug("still lost: %s", why)
            self._state = SourceState(lost=True, why=why, since=self._state.since)
        else:
            log.warning("%s", why)
            self._state = SourceState(lost=True, why=why, since=self._clock())
