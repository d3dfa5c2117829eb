"""What systemd is told, by hand: a few lines on a datagram socket."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Mapping

log = logging.getLogger(__name__)

MOST_CHARACTERS = 200
"""Of a status: it is read in one line of `systemctl status`."""
PATIENCE_SECONDS = 1.0
"""For a manager whose queue of messages is full: one that never hears "ready" ends the service."""


class Notifier:
    """Sends states to the service manager; does nothing where there is none.

    address: as in $NOTIFY_SOCKET, a path or "@" and an abstract name; "" for none. watchdog_seconds: within
    which WATCHDOG=1 is awaited again and again, None where nobody waits. Never raises: a manager that is
    gone is no reason to stop. Source: sd_notify(3), sd_watchdog_enabled(3).
    """

    def __init__(self, address: str = "", watchdog_seconds: float | None = None) -> None:
        self.watchdog_seconds = watchdog_seconds
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket: socket.socket | None = None
        if address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Notifier:
        """As systemd's variables say."""
        address = environment.get("NOTIFY_SOCKET", "")
        microseconds = environment.get("WATCHDOG_USEC", "")
        meant = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        watched = bool(address) and meant and microseconds.isdecimal() and int(microseconds) > 0
        return cls(address, int(microseconds) / 1e6 if watched else None)

    @property
    def active(self) -> bool:
        """Whether there is a manager."""
        return self._socket is not None

    def ready(self) -> None:
        """It works, or has read its settings again."""
        self._send("READY=1", PATIENCE_SECONDS)

    def reloading(self) -> None:
        """It reads its settings; ready() ends that."""
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._send(f"RELOADING=1\nMONOTONIC_USEC={now}", PATIENCE_SECONDS)

    def stopping(self) -> None:
        """It ends in good order."""
        self._send("STOPPING=1", PATIENCE_SECONDS)

    def status(self, words: str) -> None:
        """How it is, in one line for people."""
        self._send("STATUS=" + " ".join(words.split())[:MOST_CHARACTERS])

    def alive(self) -> bool:
        """The work goes on: the watchdog's time begins anew. False where that could not be told now."""
        return self._send("WATCHDOG=1")

    def close(self) -> None:
        """Tell nothing more."""
        opened, self._socket = self._socket, None
        if opened is not None:
            opened.close()

    def _send(self, state: str, patience_seconds: float = 0.0) -> bool:
        """What is told again soon waits for nobody: a manager that hangs must not hang the loop."""
        if self._socket is None:
            return False
        try:
            self._socket.settimeout(patience_seconds)
            self._socket.sendto(state.encode(), self._address)
        except OSError as error:
            log.debug("the service manager was not told %s: %s", state.partition("=")[0], error)
            return False
        return True
