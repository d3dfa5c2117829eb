"""Keeps a connection to the broker, on one thread: connect, send, wait and try again."""

from __future__ import annotations

import contextlib
import logging
import random
import socket
import threading
import time
from collections import deque
from collections.abc import Callable

from edge.control.control import Control
from edge.errors import MqttError
from edge.mqtt import faults
from edge.mqtt.inbox import Inbox
from edge.mqtt.link import Link, connect
from edge.mqtt.outbox import Message, Outbox
from edge.mqtt.topics import Topics, client_id, topics
from edge.settings import MqttSettings

log = logging.getLogger(__name__)

ONLINE, OFFLINE = b"online", b"offline"
WINDOW = 8
"""Messages under way at once; the rest stays in the outbox, where it can still expire."""
STEP_SECONDS = 1.0
"""Longest sleep while connected; the keep-alive is looked after at least this often."""
RETRY_SECONDS = 0.5
RETRY_MOST_SECONDS = 10.0
STEADY_SECONDS = 10.0
"""A connection that lived this long makes the next pause the shortest again."""
CLOSE_SECONDS = 3.0
MOST_ANSWERS = 16
"""Answers to commands that wait; they are kept apart, so that no flood of commands costs a cue."""


class Connection:
    """Empties an outbox into the broker for as long as it lives.

    On every connection "online" comes first, then what waits in the outbox. on_fault: told, on this
    thread, of the first failure with the error, and with None when it works again. control: gets the
    commands that are published to this device; None obeys none.
    """

    def __init__(
        self,
        settings: MqttSettings,
        outbox: Outbox,
        on_fault: Callable[[MqttError | None], None],
        control: Control | None = None,
    ) -> None:
        self._settings = settings
        self._outbox = outbox
        self._on_fault = on_fault
        self._topics: Topics = topics(settings)
        self._inbox = Inbox(self._topics, control, self._reply) if control is not None else None
        self._answers: deque[Message] = deque(maxlen=MOST_ANSWERS)
        self._under_way: dict[int, Message] = {}
        self._denied: dict[str, MqttError] = {}
        self._fault: MqttError | None = None
        self._stop = threading.Event()
        self._wake, self._waker = socket.socketpair()
        self._waker.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """There is something new in the outbox. Returns at once, from any thread."""
        # Full: it is being woken already. Closed: it has just ended.
        with contextlib.suppress(BlockingIOError, BrokenPipeError):
            self._waker.send(b"\0")

    def close(self) -> None:
        """Send what waits, then "offline", then goodbye, all within CLOSE_SECONDS if connected."""
        self._stop.set()
        self.wake()
        self._thread.join(CLOSE_SECONDS + 1.0)
        if self._thread.is_alive():
            # Only the operating system can end a connect early; the thread ends with it.
            log.warning("mqtt: still connecting to %s; left to its time-out", faults.place(self._settings))
        self._waker.close()

    def _run(self) -> None:
        attempts = 0
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                will = Message(self._topics.available, OFFLINE, retain=True)
                link = connect(self._settings, client_id(self._settings), will)
                try:
                    self._serve(link)
                finally:
                    link.drop()
            except MqttError as error:
                self._report(error)
            except Exception as error:  # the thread must live on: the next connection may work
                log.exception("mqtt")
                self._report(faults.unexpected(self._settings, error))
            self._under_way.clear()
            self._outbox.restore()
            attempts = 0 if time.monotonic() - began > STEADY_SECONDS else attempts + 1
            longest = min(RETRY_MOST_SECONDS, RETRY_SECONDS * 2 ** min(attempts, 10))
            # Jitter, so that a house full of devices does not come back in step.
            self._stop.wait(random.uniform(0.5, 1.0) * longest)
        if len(self._outbox):
            log.warning("mqtt: %d events did not reach the broker", len(self._outbox))
        self._wake.close()

    def _serve(self, link: Link) -> None:
        """Send until told to stop. Raises MqttError when the connection is lost."""
        log.info("mqtt: connected to %s (%s)", faults.place(self._settings), link.version.name)
        self._denied.clear()
        self._report(None)
        # First, so that whoever sees "online" is heard.
        if self._inbox is not None:
            link.subscribe(self._inbox.filter)
        self._send(link, Message(self._topics.available, ONLINE, retain=True))
        while not self._stop.is_set():
            self._exchange(link)
            self._listen(link)
            if link.lost is not None:
                raise link.lost
            link.step(STEP_SECONDS, self._wake)
        deadline = time.monotonic() + CLOSE_SECONDS
        self._settle(link, deadline)
        self._send(link, Message(self._topics.available, OFFLINE, retain=True))
        self._settle(link, deadline)
        link.close(max(0.1, deadline - time.monotonic()))

    def _settle(self, link: Link, deadline: float) -> None:
        """Exchange until everything is acknowledged, or time or connection is over."""
        while link.lost is None:
            self._exchange(link)
            remaining = deadline - time.monotonic()
            if not self._under_way or remaining <= 0:
                return
            link.step(remaining)

    def _listen(self, link: Link) -> None:
        while self._inbox is not None and link.received:
            self._inbox.take(*link.received.popleft())
        if self._inbox is not None and link.deaf is not None:
            # Cues are published all the same, so nothing is said of it.
            log.warning("mqtt: %s", faults.deaf(self._settings, self._inbox.filter, link.deaf))
            link.deaf = None

    def _reply(self, message: Message) -> None:
        self._answers.append(message)
        self.wake()

    def _exchange(self, link: Link) -> None:
        while link.acknowledged:
            number, refusal = link.acknowledged.popleft()
            message = self._under_way.pop(number)
            self._outbox.done(message)
            if refusal is not None:
                self._denied[message.topic] = faults.denied(self._settings, message.topic, refusal)
            else:
                self._denied.pop(message.topic, None)
            self._report(next(iter(self._denied.values()), None))
        while len(self._under_way) < WINDOW and link.lost is None:
            waiting = self._answer() or self._outbox.take(time.monotonic())
            if waiting is None:
                return
            self._send(link, waiting)

    def _answer(self) -> Message | None:
        """The next answer to a command that somebody may still be waiting for."""
        while self._answers:
            message = self._answers.popleft()
            if message.expires_at is None or time.monotonic() < message.expires_at:
                return message
        return None

    def _send(self, link: Link, message: Message) -> None:
        self._under_way[link.publish(message, time.monotonic())] = message

    def _report(self, error: MqttError | None) -> None:
        if str(error) != str(self._fault):
            if error is not None:
                log.warning("mqtt: %s", error)
            changed = (error is None) != (self._fault is None)
            self._fault = error
            # Told to be stopped: whoever listened is going as well.
            if changed and not self._stop.is_set():
                self._on_fault(error)
