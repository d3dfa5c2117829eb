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
from edge.mqtt.faults import Refused
from edge.mqtt.inbox import Inbox
from edge.mqtt.link import Link, connect
from edge.mqtt.message import Message
from edge.mqtt.outbox import Outbox
from edge.mqtt.topics import Topics, client_id, topics
from edge.settings import MqttSettings
from edge.uptime import uptime

log = logging.getLogger(__name__)

ONLINE, OFFLINE = b"online", b"offline"
WINDOW = 8
"""Messages under way at once; the rest stays in the outbox, where it can still expire."""
STEP_SECONDS = 1.0
"""Longest sleep while connected; the keep-alive is looked after at least this often."""
RETRY_SECONDS = 0.5
RETRY_MOST_SECONDS = 4.0
"""Longest pause while nobody needs to do anything: a cue lives ten seconds, and should find the way back."""
REFUSED_SECONDS = 30.0
"""Longest pause after a refusal: it ends when somebody changes something, and brokers ban who insists."""
DENIED_SECONDS = 2.0
"""What the broker did not want is tried again after this, cues until they expire."""
STEADY_SECONDS = 10.0
"""A connection that lived this long makes the next pause the shortest again."""
CLOSE_SECONDS = 3.0
HEALTH_SECONDS = 30.0
MOST_ANSWERS = 16
"""Answers to commands that wait; they are kept apart, so that no flood of commands costs a cue."""


class Connection:
    """Empties an outbox into the broker for as long as it lives.

    On every connection "online" comes first, then what waits in the outbox. on_fault: told, on this
    thread, of the first failure with the error, once more when it turns out that somebody must change
    something (Refused), and with None when it works again. control: gets the commands that are published to
    this device; None obeys none. health: makes the message of every HEALTH_SECONDS; must be quick.
    """

    def __init__(
        self,
        settings: MqttSettings,
        outbox: Outbox,
        on_fault: Callable[[MqttError | None], None],
        control: Control | None = None,
        health: Callable[[], Message] | None = None,
    ) -> None:
        self._settings = settings
        self._outbox = outbox
        self._on_fault = on_fault
        self._topics: Topics = topics(settings)
        self._inbox = Inbox(self._topics, control, self._reply) if control is not None else None
        self._answers: deque[Message] = deque(maxlen=MOST_ANSWERS)
        self._health = health
        self._health_at = 0.0
        self._under_way: dict[int, tuple[Message, float]] = {}
        self._denied: dict[str, MqttError] = {}
        self._held: dict[str, float] = {}
        self._again: deque[Message] = deque()
        self._fault: MqttError | None = None
        self._refused = False
        self._stop = threading.Event()
        self._wake, self._waker = socket.socketpair()
        self._waker.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """There is something new in the outbox. Returns at once, from any thread."""
        # Full: it is being woken already. Closed: it has ended.
        with contextlib.suppress(OSError):
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
            began, longest = time.monotonic(), RETRY_MOST_SECONDS
            try:
                will = Message(self._topics.available, OFFLINE, retain=True)
                link = connect(self._settings, client_id(self._settings), will)
                try:
                    self._serve(link)
                finally:
                    link.drop()
            except MqttError as error:
                self._report(error)
                longest = REFUSED_SECONDS if isinstance(error, Refused) else longest
            except Exception as error:  # the thread must live on: the next connection may work
                log.exception("mqtt")
                self._report(faults.unexpected(self._settings, error))
            self._under_way.clear()
            self._outbox.restore()
            attempts = 0 if time.monotonic() - began > STEADY_SECONDS else attempts + 1
            pause = min(longest, RETRY_SECONDS * 2 ** min(attempts, 10))
            # Jitter, so that a house full of devices does not come back in step.
            self._stop.wait(random.uniform(0.5, 1.0) * pause)
        if len(self._outbox):
            log.warning("mqtt: %d events did not reach the broker", len(self._outbox))
        self._wake.close()

    def _serve(self, link: Link) -> None:
        """Send until told to stop. Raises MqttError when the connection is lost."""
        log.info("mqtt: connected to %s (%s)", faults.place(self._settings), link.version.name)
        self._denied.clear()
        self._held.clear()
        self._again.clear()
        self._health_at = 0.0
        self._report(None)
        # First, so that whoever sees "online" is heard.
        if self._inbox is not None:
            link.subscribe(self._inbox.filter)
        self._send(link, Message(self._topics.available, ONLINE, retain=True))
        while not self._stop.is_set():
            self._exchange(link)
            self._listen(link)
            self._look_after(link)
            if link.lost is not None:
                raise link.lost
            link.step(STEP_SECONDS, self._wake)
        deadline = time.monotonic() + CLOSE_SECONDS
        self._settle(link, deadline)
        self._again.clear()
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

    def _look_after(self, link: Link) -> None:
        """Notice a broker that has stopped answering, long before the keep-alive would."""
        patience = self._settings.connect_timeout_seconds
        oldest = min((sent_at for _, sent_at in self._under_way.values()), default=None)
        if link.lost is None and oldest is not None and time.monotonic() - oldest > patience:
            link.freeze(patience)

    def _reply(self, message: Message) -> None:
        self._answers.append(message)
        self.wake()

    def _exchange(self, link: Link) -> None:
        while link.acknowledged:
            number, refusal = link.acknowledged.popleft()
            message, _ = self._under_way.pop(number)
            if refusal is None:
                self._outbox.done(message)
                self._denied.pop(message.topic, None)
            else:
                # Kept while it is fresh: the right may be given any moment.
                self._outbox.put_back(message)
                self._deny(message, faults.denied(self._settings, message.topic, refusal))
            self._report(next(iter(self._denied.values()), None))
        while len(self._under_way) < WINDOW and link.lost is None:
            now = uptime()
            held = {topic for topic, until in self._held.items() if now < until}
            waiting = self._answer() or self._outbox.take(now, held) or self._news(now, held)
            if waiting is None:
                return
            self._send(link, waiting)

    def _deny(self, message: Message, error: MqttError) -> None:
        known, topic = self._topics, message.topic
        core = topic in (known.available, known.state, known.cue)
        if core:
            self._denied[topic] = error
        elif topic not in self._held:
            # What the user relies on does not depend on it, so it is only logged, once for a connection.
            log.warning("mqtt: %s", error)
        self._held[topic] = uptime() + (DENIED_SECONDS if core else REFUSED_SECONDS)
        if topic == known.available and not self._stop.is_set():
            self._again.append(message)

    def _answer(self) -> Message | None:
        """The next answer to a command that somebody may still be waiting for."""
        while self._answers:
            message = self._answers.popleft()
            if message.expires_at is None or uptime() < message.expires_at:
                return message
        return None

    def _news(self, now: float, held: set[str]) -> Message | None:
        """That the device is there, where that was denied; how it is, now and every HEALTH_SECONDS."""
        if self._again and self._again[0].topic not in held:
            return self._again.popleft()
        if self._health is None or now < self._health_at:
            return None
        self._health_at = now + HEALTH_SECONDS
        return self._health()

    def _send(self, link: Link, message: Message) -> None:
        self._under_way[link.publish(message, uptime())] = message, time.monotonic()

    def _report(self, error: MqttError | None) -> None:
        if str(error) == str(self._fault):
            return
        if error is not None:
            log.warning("mqtt: %s", error)
        changed = (error is None) != (self._fault is None)
        # Lost first, then refused: now somebody has to do something, and is told so, once.
        worse = isinstance(error, Refused) and not self._refused
        self._fault = error
        self._refused = error is not None and (self._refused or worse)
        # Told to be stopped: whoever listened is going as well.
        if (changed or worse) and not self._stop.is_set():
            self._on_fault(error)
