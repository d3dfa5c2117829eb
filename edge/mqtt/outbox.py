"""Messages on their way to the broker, kept in order until it has acknowledged them."""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import dataclass

log = logging.getLogger(__name__)

CAPACITY = 256
"""Events kept while the broker is away; then the oldest is dropped."""


@dataclass(frozen=True, eq=False)
class Message:
    """One publication. expires_at: seconds of time.monotonic after which it is not to be sent."""

    topic: str
    payload: bytes
    retain: bool = False
    expires_at: float | None = None


class Outbox:
    """Events in order, each once; of every retained topic only the newest message. Thread-safe."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._waiting: deque[Message] = deque()
        self._sent: list[Message] = []
        self._retained: dict[str, Message] = {}
        self._due: list[str] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Events the broker has not acknowledged."""
        with self._lock:
            return len(self._waiting) + len(self._sent)

    def put(self, message: Message) -> None:
        """Add a message; a retained one takes the place of the one before it."""
        with self._lock:
            if message.retain:
                self._retained[message.topic] = message
                if message.topic not in self._due:
                    self._due.append(message.topic)
                return
            self._waiting.append(message)
            if len(self._waiting) > self._capacity:
                self._waiting.popleft()
                log.warning("mqtt: %d events wait for the broker: the oldest is dropped", self._capacity)

    def take(self, now: float) -> Message | None:
        """The next to send, None if there is none; events that have expired are dropped.

        It counts as under way until `done`, and waits again after `restore`.
        """
        with self._lock:
            while self._waiting:
                message = self._waiting.popleft()
                if message.expires_at is None or now < message.expires_at:
                    self._sent.append(message)
                    return message
                log.info("mqtt: an event came too late for the broker and is dropped")
            # After the events, so that a state never tells more than the events before it.
            return self._retained[self._due.pop(0)] if self._due else None

    def done(self, message: Message) -> None:
        """The broker has answered for this message."""
        with self._lock:
            if message in self._sent:
                self._sent.remove(message)

    def restore(self) -> None:
        """The connection is gone: all that is under way waits again, every retained message too."""
        with self._lock:
            self._waiting.extendleft(reversed(self._sent))
            self._sent.clear()
            self._due = list(self._retained)
