"""A service manager that listens: a real datagram socket."""

from __future__ import annotations

import socket

from edge.service.notify import Notifier


class Manager:
    """What systemd hears at $NOTIFY_SOCKET."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._notifiers: list[Notifier] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)

    def notifier(self, watchdog_seconds: float | None = None) -> Notifier:
        """One that tells this manager; closed with it."""
        self._notifiers.append(Notifier(self.address, watchdog_seconds))
        return self._notifiers[-1]

    def heard(self, timeout_seconds: float = 0.0) -> list[str]:
        """Every message that has come; waits for the first one as long as is said."""
        found: list[str] = []
        self._socket.settimeout(timeout_seconds or 0.001)
        try:
            while True:
                found.append(self._socket.recv(4096).decode())
                self._socket.settimeout(0.001)
        except OSError:
            # A time-out has another name before Python 3.10.
            return found

    def close(self) -> None:
        for notifier in self._notifiers:
            notifier.close()
        self._socket.close()
