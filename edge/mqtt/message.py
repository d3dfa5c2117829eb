"""One publication."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, eq=False)
class Message:
    """expires_at: seconds of edge.uptime after which it is not to be sent. seq: number of an event."""

    topic: str
    payload: bytes
    retain: bool = False
    expires_at: float | None = None
    seq: int | None = None
