"""Keeps a broker running in a process of its own: started again when it ends, ended with the hub."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from edge.errors import HubError
from edge.stick.back_off import BackOff

log = logging.getLogger(__name__)

START_SECONDS = 15.0
"""A broker that does not listen by then has not started."""
END_SECONDS = 5.0
TURN_SECONDS = 0.05
FIRST_PAUSE_SECONDS = 0.5
MOST_PAUSE_SECONDS = 30.0
MOST_WORDS = 20
"""Last lines of the broker that are kept, to tell why it ended."""


class Broker:
    """A process that listens on some ports.

    command: made anew for every start. ports: all on 127.0.0.1, and all listen once it is up.
    on_change: told, on a thread of its own, the sentence when it was lost and None when it is back.
    pid_file: gets the process's number, for end_leftover. Raises HubError where it cannot start at first.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        ports: Sequence[int],
        on_change: Callable[[str | None], None],
        pid_file: Path,
        first_pause_seconds: float = FIRST_PAUSE_SECONDS,
    ) -> None:
        self.name = name
        self.restarts = 0
        self._command = list(command)
        self._ports = list(ports)
        self._on_change = on_change
        self._pid_file = pid_file
        self._back_off = BackOff(first_pause_seconds, MOST_PAUSE_SECONDS)
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._words: list[str] = []
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._up = threading.Event()
        try:
            self._start()
        except HubError:
            self._end()
            raise
        self._thread = threading.Thread(target=self._keep, name="hub-broker", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether it listens, as far as is known."""
        return self._up.is_set()

    @property
    def process_id(self) -> int | None:
        """Of the process, None while there is none."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def reload(self) -> None:
        """Let it read its passwords and rights again."""
        self._signal(signal.SIGHUP)

    def restart(self) -> None:
        """End it; it is started again at once, with what is new in its files."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End one that hangs."""
        self._signal(signal.SIGKILL)

    def close(self) -> None:
        """End it for good."""
        self._stopping.set()
        self._thread.join(START_SECONDS + END_SECONDS)
        self._end()

    def _keep(self) -> None:
        began = time.monotonic()
        while not self._stopping.wait(TURN_SECONDS):
            if self.process_id is not None:
                continue
            self._up.clear()
            self._end()
            why = f"the broker {self.name} ended{self._last_words()}"
            log.warning("hub: %s; it is started again", why)
            self._on_change(why)
            while not self._stopping.wait(self._back_off.pause(time.monotonic() - began)):
                try:
                    self._start()
                except HubError as error:
                    log.warning("hub: %s", error)
                    self._end()
                    began = time.monotonic()
                    continue
                began = time.monotonic()
                self.restarts += 1
                self._on_change(None)
                break

    def _start(self) -> None:
        self._words = []
        try:
            process = subprocess.Popen(  # noqa: S603
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,  # a Ctrl-C in the terminal is for the hub, which ends it in order
            )
        except OSError as error:
            raise HubError(f"the broker {self.name} cannot be started ({error.strerror})") from error
        with self._lock:
            self._process = process
        with contextlib.suppress(OSError):  # a full disk is no reason to do without a broker
            self._pid_file.write_text(f"{process.pid}\n", encoding="ascii")
        self._reader = threading.Thread(
            target=self._read, args=(process,), name="hub-broker-words", daemon=True
        )
        self._reader.start()
        deadline = time.monotonic() + START_SECONDS
        while not all(listens(port) for port in self._ports):
            if process.poll() is not None:
                self._reader.join(1.0)
                raise HubError(f"the broker {self.name} ended while starting{self._last_words()}")
            if time.monotonic() > deadline:
                raise HubError(f"the broker {self.name} does not listen after {START_SECONDS:g} s")
            if self._stopping.wait(TURN_SECONDS):
                return
        self._up.set()

    def _end(self) -> None:
        """SIGTERM, then SIGKILL; nothing is left of the process."""
        with self._lock:
            process, self._process = self._process, None
        self._up.clear()
        if process is None:
            return
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._reader is not None:
            self._reader.join(END_SECONDS)

    def _signal(self, number: int) -> None:
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                self._process.send_signal(number)

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        with process.stderr:
            for line in process.stderr:
                self._words = [*self._words, line.strip()][-MOST_WORDS:]
                log.debug("%s: %s", self.name, line.strip())

    def _last_words(self) -> str:
        return f" ({self._words[-1]})" if self._words else ""


def check_port(port: int, setting: str) -> None:
    """Raises HubError while another program listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except PermissionError as error:
            raise HubError(f"port {port} is for root alone: set hub.{setting} to 1024 or more") from error
        except OSError as error:
            raise HubError(
                f"port {port} is taken by another program, perhaps another facecue hub: "
                f"end it, or set hub.{setting} to another port"
            ) from error


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody does, on this computer."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def end_leftover(pid_file: Path, folder: Path) -> None:
    """End the broker of a hub that was killed: it would hold the port for ever.

    folder: where the configuration is that the broker was started with.
    """
    with contextlib.suppress(OSError, ValueError):
        number = int(pid_file.read_text(encoding="ascii"))
        words = Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
        # The number may have gone to another program since.
        if not any(os.path.dirname(word) == os.fsencode(folder) for word in words):  # noqa: PTH120
            return
        log.warning("hub: ending process %d, the broker of a hub that was killed", number)
        os.kill(number, signal.SIGTERM)
        deadline = time.monotonic() + END_SECONDS
        while Path(f"/proc/{number}").exists() and time.monotonic() < deadline:
            time.sleep(TURN_SECONDS)
        os.kill(number, signal.SIGKILL)
