"""Fan-out: every sink has its own thread and bounded queue, so none can hold up the camera."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from edge.types import Cue, Priority

log = logging.getLogger(__name__)

OnFault = Callable[[str, "Exception | None"], None]
"""Told a sink's name with the error that made it fail, and with None when it works again."""
CAPACITY = 8
"""Cues a sink may be behind; then the oldest of the lowest priority is dropped."""
JOIN_SECONDS = 5.0
ANSWER = "answer"
"""Kind of the cues that answer the user."""
RETRY_SECONDS = 1.0
"""An urgent cue that could not be delivered is tried again this often until it expires."""


class Sink(Protocol):
    """Somewhere cues go. Called on one worker thread of its own, never on the loop."""

    name: str

    def deliver(self, cue: Cue) -> None:
        """Say, show or publish one cue; may take its time. Raises FacecueError when it cannot."""

    def interrupt(self) -> None:
        """Cut short what is being delivered. Called from another thread; must return at once."""

    def close(self) -> None:
        """Give up everything that was opened. Called once, after the last deliver."""


class SinkWorker:
    """Runs one sink on a thread: most urgent first, stale cues dropped.

    clock: the time the cues' expiry is counted on. on_fault: told, on the worker's thread, the
    first time the sink fails and again (with None) when it works again. newest_wins: a cue that waits
    is dropped when a later one of its kind comes, for what takes its time to deliver; and an answer gives
    way to the next one even while it is delivered. Any other urgent cue is never dropped before it expires:
    one that fails is tried again.
    """

    def __init__(
        self,
        sink: Sink,
        clock: Callable[[], float],
        on_fault: OnFault,
        capacity: int = CAPACITY,
        newest_wins: bool = False,
    ) -> None:
        self._sink = sink
        self._clock = clock
        self._on_fault = on_fault
        self._capacity = capacity
        self._newest_wins = newest_wins
        self._queue: list[Cue] = []
        self._owed: list[Cue] = []
        self._retry_at = 0.0
        self._interrupted = False
        self._changed = threading.Condition()
        self._stopping = False
        self._delivering: Cue | None = None
        self._faulty = False
        self._thread = threading.Thread(target=self._run, name=f"sink-{sink.name}", daemon=True)
        self._thread.start()

    @property
    def name(self) -> str:
        return self._sink.name

    def offer(self, cue: Cue) -> None:
        """Queue a cue; never blocks. A NOW cue cuts short what is less urgent, and an older answer."""
        with self._changed:
            if self._stopping:
                return
            self._drop_superseded(cue)
            self._queue.append(cue)
            if len(self._queue) > self._capacity:
                lowest = min(self._queue, key=lambda c: c.priority)
                if lowest.priority < Priority.NOW:
                    self._queue.remove(lowest)
                    log.info("%s is behind: dropped %r", self._sink.name, lowest.text)
            self._changed.notify()
            said = self._delivering
            if said is not None and cue.priority is Priority.NOW and self._gives_way(said, cue):
                # Under the lock, or the worker might have begun with this very cue by then.
                self._interrupted = True
                self._sink.interrupt()

    def drain(self, timeout_seconds: float) -> bool:
        """Wait until everything queued is delivered or has failed; False if that took too long."""
        with self._changed:
            return self._changed.wait_for(
                lambda: not self._queue and self._delivering is None, timeout_seconds
            )

    def close(self) -> None:
        """Stop after the cue in progress and close the sink. Raises RuntimeError if it hangs."""
        with self._changed:
            self._stopping = True
            self._queue.clear()
            self._owed.clear()
            self._changed.notify()
        self._thread.join(JOIN_SECONDS)
        if self._thread.is_alive():
            self._sink.interrupt()
            self._thread.join(JOIN_SECONDS)
        self._sink.close()
        if self._thread.is_alive():
            raise RuntimeError(f"the {self._sink.name} sink did not stop within {2 * JOIN_SECONDS:.0f} s")

    def _gives_way(self, said: Cue, cue: Cue) -> bool:
        return said.priority < Priority.NOW or (self._newest_wins and said.kind == cue.kind == ANSWER)

    def _drop_superseded(self, cue: Cue) -> None:
        """What a new cue makes idle: the same urgent words still waiting, or older news of its kind."""

        def idle(waiting: Cue) -> bool:
            if self._newest_wins and waiting.kind == cue.kind == ANSWER:
                return True  # whoever asks again has heard enough of the answer before
            if waiting.priority is Priority.NOW:
                return cue.priority is Priority.NOW and waiting.text == cue.text
            # Those of one moment belong together.
            older = waiting.created_at < cue.created_at
            return (
                self._newest_wins and older and (waiting.kind, waiting.priority) == (cue.kind, cue.priority)
            )

        for waiting in filter(idle, [*self._queue, *self._owed]):
            log.info("%s: %r is overtaken by %r", self._sink.name, waiting.text, cue.text)
        self._queue = [waiting for waiting in self._queue if not idle(waiting)]
        self._owed = [waiting for waiting in self._owed if not idle(waiting)]

    def _run(self) -> None:
        while True:
            with self._changed:
                left = max(0.0, self._retry_at - time.monotonic()) if self._owed else None
                self._changed.wait_for(lambda: self._queue or self._stopping, left)
                if self._stopping:
                    return
                due = self._owed if time.monotonic() >= self._retry_at else []
                waiting = [*due, *self._queue]
                if not waiting:
                    continue
                # Highest priority first; among equals the oldest, so that order is kept.
                cue = max(waiting, key=lambda c: c.priority)
                (self._owed if cue in due else self._queue).remove(cue)
                self._delivering = cue
                self._interrupted = False
            try:
                self._deliver(cue)
            finally:
                with self._changed:
                    self._delivering = None
                    self._changed.notify_all()

    def _deliver(self, cue: Cue) -> None:
        for last in (False, True):
            if self._clock() > cue.expires_at:
                log.info("%s: %r came too late and is dropped", self._sink.name, cue.text)
                return
            try:
                self._sink.deliver(cue)
            except Exception as error:  # the thread must live on: the next cue may work
                # Tried once more, so that a player that died for once loses no word.
                if last:
                    self._owe(cue)
                    self._report(error)
            else:
                # One that was cut short may not have been tried at all.
                if not self._interrupted:
                    self._retry_at = 0.0
                    self._report(None)
                return

    def _owe(self, cue: Cue) -> None:
        with self._changed:
            if cue.priority is Priority.NOW and not self._stopping:
                self._owed.append(cue)
                self._retry_at = time.monotonic() + RETRY_SECONDS

    def _report(self, error: Exception | None) -> None:
        if error is not None:
            log.log(logging.INFO if self._faulty else logging.WARNING, "%s: %s", self._sink.name, error)
        if (error is not None) != self._faulty:
            self._faulty = error is not None
            self._on_fault(self._sink.name, error)
