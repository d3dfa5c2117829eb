"""Messages on their way to the broker, kept in order until it has acknowledged them."""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Container
from dataclasses import dataclass
from pathlib import Path

from edge.mqtt.message import Message
from edge.mqtt.store import Store, StoreError, new_stream
from edge.uptime import uptime

log = logging.getLogger(__name__)

CAPACITY = 2048
"""Events kept while the broker is away; then the oldest is dropped."""
RETRY_SECONDS = 30.0
"""A disk that refused is tried again after this."""


@dataclass(frozen=True)
class Counts:
    """waiting: events that the broker has not acknowledged. dropped: of too many, since the start. expired:
    that came too late, since the start. on_disk: whether what waits would survive a crash.
    """

    waiting: int
    dropped: int
    expired: int
    on_disk: bool


class Outbox:
    """Events in order, each once; of every retained topic only the newest message. Thread-safe.

    path: file in which events wait as well, None for memory only. Where the disk refuses, events wait in
    memory, which is logged once, and the disk is tried again. stream, seq: as in `add`.
    """

    def __init__(self, path: Path | None = None, capacity: int = CAPACITY) -> None:
        self._path = path
        self._capacity = capacity
        self._waiting: deque[Message] = deque()
        self._sent: dict[int, Message] = {}
        self._retained: dict[str, Message] = {}
        self._due: list[str] = []
        self._dropped = self._expired = 0
        self._lock = threading.Lock()
        self._store: Store | None = None
        self._retry_at = 0.0
        self.stream, self.seq = new_stream(), 0
        if path is not None:
            try:
                self._store = Store(path)
                self.stream, self.seq = self._store.counted()
                self._waiting.extend(self._store.load()[-capacity:])
            except StoreError as error:
                self._give_up_disk(error)

    def __len__(self) -> int:
        """Events the broker has not acknowledged."""
        return self.counts().waiting

    def counts(self) -> Counts:
        """How it stands now."""
        with self._lock:
            waiting = len(self._waiting) + len(self._sent)
            return Counts(waiting, self._dropped, self._expired, self._store is not None)

    def add(self, topic: str, expires_at: float, payload: Callable[[str, int], bytes]) -> int:
        """An event, kept until the broker has it or it expires; returns its number.

        payload: makes it of the stream and the number. Numbers of one stream grow by one, also from one
        start of the program to the next; a new stream begins where it cannot be known which were used.
        """
        with self._lock:
            self._try_disk_again()
            self.seq += 1
            message = Message(topic, payload(self.stream, self.seq), expires_at=expires_at, seq=self.seq)
            if self._store is not None:
                try:
                    self._store.add(message, self.stream)
                except StoreError as error:
                    self._give_up_disk(error)
                    # The file does not know of this number, and the next start would use it again.
                    self.stream = new_stream()
                    again = payload(self.stream, self.seq)
                    message = Message(topic, again, expires_at=expires_at, seq=self.seq)
            self._waiting.append(message)
            if len(self._waiting) > self._capacity:
                self._forget(self._waiting.popleft())
                self._dropped += 1
                log.warning("mqtt: %d events wait for the broker: the oldest is dropped", self._capacity)
            return self.seq

    def retain(self, message: Message) -> None:
        """Publish this, and again on every connection; it takes the place of the one before it."""
        with self._lock:
            self._retained[message.topic] = message
            if message.topic not in self._due:
                self._due.append(message.topic)

    def take(self, now: float, held: Container[str] = ()) -> Message | None:
        """The next to send, None if there is none; events that have expired are dropped.

        It counts as under way until `done`, and waits again after `restore`. held: topics of which nothing is
        to be taken. now: of uptime.
        """
        with self._lock:
            while self._waiting and (self._waiting[0].topic not in held or self._late(self._waiting[0], now)):
                message = self._waiting.popleft()
                if not self._late(message, now):
                    self._sent[message.seq or 0] = message
                    return message
                self._forget(message)
                self._expired += 1
                log.info("mqtt: an event came too late for the broker and is dropped")
            # After the events, so that a state never tells more than the events before it.
            topic = next((topic for topic in self._due if topic not in held), None)
            if topic is None:
                return None
            self._due.remove(topic)
            return self._retained[topic]

    def done(self, message: Message) -> None:
        """The broker has this message."""
        with self._lock:
            if message.seq is not None and self._sent.pop(message.seq, None) is not None:
                self._forget(message)

    def put_back(self, message: Message) -> None:
        """The broker did not want this; it waits again, an event in its place."""
        with self._lock:
            if self._retained.get(message.topic) is message and message.topic not in self._due:
                self._due.append(message.topic)
            if message.seq is not None and self._sent.pop(message.seq, None) is not None:
                every = sorted([message, *self._waiting], key=lambda each: each.seq or 0)
                self._waiting = deque(every)

    def restore(self) -> None:
        """The connection is gone: all that is under way waits again, every retained message too."""
        with self._lock:
            self._waiting.extendleft(reversed(self._sent.values()))
            self._sent.clear()
            self._due = list(self._retained)

    def close(self) -> None:
        """Give up the file; what waits in it is sent after the next start, if it is still fresh."""
        with self._lock:
            if self._store is not None:
                self._store.close()
            self._store, self._path = None, None

    @staticmethod
    def _late(message: Message, now: float) -> bool:
        return message.expires_at is not None and now >= message.expires_at

    def _forget(self, message: Message) -> None:
        if self._store is not None and message.seq is not None:
            try:
                self._store.remove(message.seq)
            except StoreError as error:
                self._give_up_disk(error)
                self.stream = new_stream()

    def _give_up_disk(self, error: StoreError) -> None:
        log.warning("mqtt: %s", error)
        if self._store is not None:
            self._store.close()
        self._store = None
        self._retry_at = uptime() + RETRY_SECONDS

    def _try_disk_again(self) -> None:
        if self._store is not None or self._path is None or uptime() < self._retry_at:
            return
        self._retry_at = uptime() + RETRY_SECONDS
        try:
            store = Store(self._path)
            try:
                store.replace([*self._sent.values(), *self._waiting], self.stream, self.seq)
            except StoreError:
                store.close()
                raise
        except StoreError as error:
            log.debug("mqtt: %s", error)
            return
        self._store = store
        log.info("mqtt: cues that wait for the broker are kept in %s again", self._path)


def path_of(folder: str, name: str) -> Path | None:
    """Where the events of the client `name` wait: in the folder that is set, else in the service's state
    folder, else in the user's. None where there is no such place, and they wait in memory.
    """
    given = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    home = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")  # noqa: PTH111
    if not folder and not given and not os.path.isabs(home):  # noqa: PTH117
        return None
    return (Path(folder or given) if folder or given else Path(home) / "facecue") / f"outbox-{name}.sqlite"
