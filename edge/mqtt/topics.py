"""Names a device uses at the broker."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass, fields

from edge.settings import MqttSettings


@dataclass(frozen=True)
class Topics:
    """The topics of one device; available and state are retained. set: what commands are published under."""

    available: str
    state: str
    cue: str
    health: str
    set: str
    ack: str


def topics(settings: MqttSettings) -> Topics:
    """`<prefix>/<device>/available`, `/state`, `/cue`, `/health`, `/set` and `/ack`."""
    base = f"{settings.prefix}/{device(settings)}"
    return Topics(*(f"{base}/{f.name}" for f in fields(Topics)))


def device(settings: MqttSettings) -> str:
    """The device's name: the one set, or the host name with every character but word characters,
    dots and hyphens replaced."""
    return settings.device or re.sub(r"[^\w.-]", "-", socket.gethostname()) or "device"


def client_id(settings: MqttSettings) -> str:
    """The same after every start, so that the broker ends what a crashed process left open before it
    accepts the new one, and its last will cannot overtake the new "online"."""
    return f"{settings.prefix}-{device(settings)}".replace("/", "-")
