"""The sink that publishes cues."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from edge.control.control import Control
from edge.errors import MqttError
from edge.mqtt.connection import Connection
from edge.mqtt.home_assistant import discovery
from edge.mqtt.link import connect
from edge.mqtt.message import Message
from edge.mqtt.outbox import Outbox, path_of
from edge.mqtt.payloads import (
    encode,
    event_payload,
    health_payload,
    person_after,
    state_payload,
    timestamp,
)
from edge.mqtt.topics import client_id, topics
from edge.settings import MqttSettings
from edge.types import Cue
from edge.uptime import uptime

log = logging.getLogger(__name__)

EXPIRY_SECONDS = 10.0
"""After this an event is not delivered any more; also the broker is told so, under MQTT 5."""
CHECK_CLOSE_SECONDS = 1.0
HEALTH_EXPIRY_SECONDS = 60.0

OnFault = Callable[[str, "Exception | None"], None]
Health = Callable[[], Mapping[str, object]]
"""A snapshot as of edge.service.health.payload; called on a thread of the sink, must be quick."""


class MqttSink:
    """Publishes every cue as an event and keeps a retained state; never waits for the broker.

    Cues wait on the disk until the broker has them, so that a crash loses none that is still fresh.

    levels: those of cues.levels; without "emotion" no named emotion is published, and without
    "attitude" either no attitude. on_fault: told ("mqtt", error) once when the broker is away or
    refuses, and ("mqtt", None) when it is back, on a thread of this sink. clock: the time the cues
    are counted on, for latency_ms; None leaves that out. control: gets the commands that are published
    to this device, where mqtt.commands says so. health: what is published of the device every 30 s.
    """

    name = "mqtt"

    def __init__(
        self,
        settings: MqttSettings,
        levels: Sequence[str],
        on_fault: OnFault,
        clock: Callable[[], float] | None = None,
        control: Control | None = None,
        health: Health | None = None,
    ) -> None:
        self._levels = tuple(levels)
        self._set: Mapping[str, object] = {}
        self._clock = clock
        self._topics = topics(settings)
        self._person: bool | None = False
        self._health = health
        self._lock = threading.Lock()
        self._outbox = Outbox(path_of(settings.outbox_folder, client_id(settings)))
        began = timestamp(time.time())
        self._last: tuple[Cue | None, str, str, int] = (None, began, self._outbox.stream, self._outbox.seq)
        self._remember()
        obeyed = control if settings.commands else None
        if settings.home_assistant:
            self._outbox.retain(discovery(settings, commands=obeyed is not None))
        self._connection = Connection(
            settings,
            self._outbox,
            lambda error: on_fault(self.name, error),
            obeyed,
            self._news,
        )

    @staticmethod
    def check(settings: MqttSettings) -> None:
        """Connect once and go again, beside a facecue that runs. Raises MqttError when that fails."""
        if not settings.host:
            raise MqttError("mqtt.host is empty, so nothing is published: set it to the broker's name")
        # A name of its own: with the service's the broker would throw the service out.
        link = connect(settings, f"{client_id(settings)}-check-{secrets.token_hex(3)}")
        link.close(CHECK_CLOSE_SECONDS)

    def deliver(self, cue: Cue) -> None:
        """Queue the event and the new state; waits for nothing but the disk. From any thread."""
        latency_ms = None
        if self._clock is not None:
            seen_at = cue.reading.captured_at if cue.reading else cue.created_at
            latency_ms = (self._clock() - seen_at) * 1000.0
        expires_at = uptime() + EXPIRY_SECONDS
        ts = timestamp(time.time())
        with self._lock:
            seq = self._outbox.add(
                self._topics.cue,
                expires_at,
                lambda stream, seq: encode(event_payload(cue, self._levels, ts, stream, seq, latency_ms)),
            )
            self._person = person_after(cue, self._person)
            # An answer repeats what is known, or tells what was set: no news of a person.
            if cue.kind != "answer":
                self._last = (cue, ts, self._outbox.stream, seq)
            self._remember()
        self._connection.wake()

    @property
    def waiting(self) -> int:
        """Cues that the broker has not acknowledged."""
        return len(self._outbox)

    def interrupt(self) -> None:
        """Nothing to cut short: deliver never waits."""

    def close(self) -> None:
        """Publish what waits and "offline", and disconnect; takes a few seconds at most."""
        self._connection.close()
        self._outbox.close()

    def show(self, levels: Sequence[str], state: Mapping[str, object]) -> None:
        """What commands have set: from now on these levels are published, and the rest is in the state."""
        with self._lock:
            self._levels, self._set = tuple(levels), dict(state)
            self._remember()
        self._connection.wake()

    def _remember(self) -> None:
        state = encode(state_payload(self._last[0], self._person, self._levels, *self._last[1:], self._set))
        self._outbox.retain(Message(self._topics.state, state, retain=True))

    def _news(self) -> Message:
        counts, ts = self._outbox.counts(), timestamp(time.time())
        try:
            body = encode(health_payload(self._health() if self._health else {}, counts, ts))
        except Exception as error:  # no news of the device may cost the phone its cues
            log.warning("mqtt: the health of the device cannot be told: %r", error)
            body = encode(health_payload({}, counts, ts))
        return Message(self._topics.health, body, expires_at=uptime() + HEALTH_EXPIRY_SECONDS)


def sink_or_none(
    settings: MqttSettings,
    levels: Sequence[str],
    on_fault: OnFault,
    clock: Callable[[], float] | None = None,
    control: Control | None = None,
    health: Health | None = None,
) -> MqttSink | None:
    """The sink, or None while no broker is configured: then nothing is ever sent."""
    return MqttSink(settings, levels, on_fault, clock, control, health) if settings.host else None
