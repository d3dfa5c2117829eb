"""Listens at the broker for the status page: what every device is, and its last cues."""

from __future__ import annotations

import json
import logging
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

log = logging.getLogger(__name__)

MOST_DEVICES = 32
MOST_CUES = 300
"""Cues kept of each device, in memory alone."""
MOST_BYTES = 65536
KEEPALIVE_SECONDS = 10
NEWEST, CUES = ("available", "state", "health", "ack"), ("cue", "event")


@dataclass
class Watched:
    """What a device has published. newest: last JSON or word of every topic, with when it came."""

    newest: dict[str, tuple[object, float]] = field(default_factory=dict)
    cues: deque[tuple[dict[str, Any], float]] = field(default_factory=lambda: deque(maxlen=MOST_CUES))


class Watch:
    """Subscribed for as long as it lives; reconnects by itself.

    wall: seconds since 1970. Thread-safe.
    """

    def __init__(
        self,
        host: str,
        port: int,
        prefix: str,
        user: str,
        password: str | None,
        tls: ssl.SSLContext | None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._prefix = prefix
        self._wall = wall
        self._lock = threading.Lock()
        self._devices: dict[str, Watched] = {}
        self._subscribed = threading.Event()
        self.lost_at: float | None = time.monotonic()
        client = Client(CallbackAPIVersion.VERSION2)
        if user:
            client.username_pw_set(user, password)
        if tls is not None:
            client.tls_set_context(tls)
        client.reconnect_delay_set(1, 10)
        client.on_connect = self._on_connect
        client.on_subscribe = lambda *_: self._subscribed.set()
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.connect_async(host, port, KEEPALIVE_SECONDS)
        client.loop_start()
        self._client: Client | None = client

    @property
    def connected(self) -> bool:
        """Whether the broker lets it listen now."""
        return self._subscribed.is_set()

    def wait(self, timeout_seconds: float) -> bool:
        """Whether it is subscribed within this time."""
        return self._subscribed.wait(timeout_seconds)

    def devices(self) -> dict[str, Watched]:
        """A copy of what is known."""
        with self._lock:
            return {
                name: Watched(dict(device.newest), deque(device.cues, MOST_CUES))
                for name, device in self._devices.items()
            }

    def close(self) -> None:
        """Leave the broker."""
        client, self._client = self._client, None
        if client is not None:
            client.disconnect()
            client.loop_stop()

    def _on_connect(self, client: Client, _data: object, _flags: object, reason: Any, _: object) -> None:
        if reason.is_failure:
            log.warning("hub: the broker refuses the status page (%s)", reason)
            return
        self.lost_at = None
        client.subscribe([(f"{self._prefix}/+/{tail}", 1) for tail in (*NEWEST, *CUES)])

    def _on_disconnect(self, *_: object) -> None:
        self._subscribed.clear()
        self.lost_at = self.lost_at or time.monotonic()

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        base, _, tail = message.topic.rpartition("/")
        device = base[len(self._prefix) + 1 :]
        if len(message.payload) > MOST_BYTES:
            return
        body = _read(bytes(message.payload))
        with self._lock:
            if device not in self._devices and len(self._devices) >= MOST_DEVICES:
                return
            watched = self._devices.setdefault(device, Watched())
            if tail in NEWEST:
                watched.newest[tail] = (body, self._wall())
            elif isinstance(body, dict):
                # Sent again after a lost acknowledgement, it has the same number and time.
                twice = (body.get("seq"), body.get("ts"))
                recent = [(cue.get("seq"), cue.get("ts")) for cue, _ in list(watched.cues)[-32:]]
                if twice[0] is None or twice not in recent:
                    watched.cues.append((body, self._wall()))


def _read(payload: bytes) -> object:
    """JSON, else the text, shortened. What JSON has no number for is none."""
    words = payload.decode("utf-8", "replace")
    try:
        return json.loads(words, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return words[:100]
