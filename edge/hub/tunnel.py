"""MQTT over websockets from a phone, through the hub's HTTPS, to the broker on this computer.

So the phone needs one address and one certificate, and the broker's websockets need no door of their own.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
import time
from collections.abc import Iterable

CHUNK = 65536
TURN_SECONDS = 0.5
SEND_SECONDS = 20.0
"""A side that takes nothing for so long is gone."""
GREETING_SECONDS = 10.0
"""A phone says who it is right away; the broker may wait for ever."""
PASSED_ON = (
    "upgrade",
    "connection",
    "sec-websocket-key",
    "sec-websocket-version",
    "sec-websocket-protocol",
    "sec-websocket-extensions",
)


def handshake(path: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """The request as the broker gets it: nothing but what websockets need."""
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{key}: {value}" for key, value in headers if key.lower() in PASSED_ON]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


def carry(phone: socket.socket, broker: socket.socket, stop: threading.Event) -> None:
    """Pass bytes both ways until a side ends or stop is set."""
    began = time.monotonic()
    heard = False
    while not stop.is_set():
        pending = isinstance(phone, ssl.SSLSocket) and phone.pending()
        readable, _, _ = select.select([phone, broker], [], [], 0 if pending else TURN_SECONDS)
        if pending or phone in readable:
            data = _take(phone)
            if data == b"":
                return
            if data is not None:
                heard = True
                broker.settimeout(SEND_SECONDS)
                broker.sendall(data)
        if broker in readable:
            data = _take(broker)
            if data == b"":
                return
            if data is not None:
                phone.settimeout(SEND_SECONDS)
                phone.sendall(data)
        if not heard and time.monotonic() - began > GREETING_SECONDS:
            return


def _take(side: socket.socket) -> bytes | None:
    """What is there; b"" at the end, None where it was only half a record of TLS."""
    side.setblocking(False)
    try:
        return side.recv(CHUNK)
    except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
        return None
