"""Brokers no one can install here: each behaves on the wire like one that is old, silent or rude."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Callable

PROTOCOL_LEVEL = 8
"""Where CONNECT holds the version: after two bytes of header, length and name "MQTT"."""
REFUSED_VERSION = b"\x20\x02\x00\x01"
ACCEPTED_5 = b"\x20\x03\x00\x00\x00"
DISCONNECT_TAKEN_OVER = b"\xe0\x07\x8e\x05\x1f\x00\x02no"
"""With a reason in words; paho 2.0 does not look into a shorter one."""
UNKNOWN_ANSWER = b"\x20\x03\x00\x55\x00"
MALFORMED_PUBACK = b"\x40\x00"


class FakeBroker:
    """Listens on a free port and gives each connection to `serve` on a thread of its own."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self._serve = serve
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(5.0)
            assert not thread.is_alive()
        self._listener.close()

    def _accept(self) -> None:
        while not self._stop.is_set():
            if not select.select([self._listener], [], [], 0.05)[0]:
                continue
            connection, _ = self._listener.accept()
            thread = threading.Thread(target=self._handle, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _handle(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(ConnectionError):
            self._serve(connection)


def silent(connection: socket.socket) -> None:
    """Reads and never says a word."""
    while connection.recv(4096):
        pass


def rude(connection: socket.socket) -> None:
    """Answers in something that is not MQTT."""
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def garbled(connection: socket.socket) -> None:
    """Answers with a code that MQTT does not know, and waits."""
    connection.recv(4096)
    connection.sendall(UNKNOWN_ANSWER)
    silent(connection)


def mute(connection: socket.socket) -> None:
    """Hangs up at once."""
    connection.recv(4096)


def taken_over(connection: socket.socket) -> None:
    """Accepts, then gives the client's name to another."""
    connection.recv(4096)
    connection.sendall(ACCEPTED_5 + DISCONNECT_TAKEN_OVER)
    silent(connection)


def mad_once(port: int) -> Callable[[socket.socket], None]:
    """Before a real broker: accepts the first connection itself and talks nonsense on it."""
    mad = threading.Event()

    def serve(connection: socket.socket) -> None:
        first = connection.recv(4096)
        if mad.is_set():
            relay(connection, port, first)
        else:
            mad.set()
            connection.sendall(ACCEPTED_5 + MALFORMED_PUBACK)
            silent(connection)

    return serve


def only_311(port: int, says_why: bool) -> Callable[[socket.socket], None]:
    """Before a real broker: lets MQTT 3.1.1 through, and refuses 5 with or without a word."""

    def serve(connection: socket.socket) -> None:
        first = connection.recv(4096)
        if first[PROTOCOL_LEVEL] == 5:
            if says_why:
                connection.sendall(REFUSED_VERSION)
            return
        relay(connection, port, first)

    return serve


def relay(connection: socket.socket, port: int, first: bytes) -> None:
    """Passes on what both sides say until one hangs up."""
    with socket.create_connection(("127.0.0.1", port)) as real:
        real.sendall(first)
        while True:
            for source in select.select([connection, real], [], [])[0]:
                data = source.recv(4096)
                if not data:
                    return
                (real if source is connection else connection).sendall(data)
