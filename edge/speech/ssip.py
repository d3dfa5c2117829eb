"""The protocol of Speech Dispatcher (SSIP), as far as it is needed.

Source: "SSIP: Speech Synthesis Interface Protocol", the manual that comes with speech-dispatcher 0.11.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import socket
import subprocess
import time
from pathlib import Path

from edge.errors import SpeechError

BEGIN, END, CANCELLED = 701, 702, 703
RECEIVING = 230
SPAWN_SECONDS = 10.0

Reply = tuple[int, list[str]]
"""The code, and the lines before the last one."""


def address() -> Path:
    """Where Speech Dispatcher listens for this user."""
    named = os.environ.get("SPEECHD_ADDRESS", "")
    if named.startswith("unix_socket:"):
        return Path(named.partition(":")[2])
    runtime = os.environ.get("XDG_RUNTIME_DIR") or str(Path.home() / ".cache")
    return Path(runtime) / "speech-dispatcher" / "speechd.sock"


class Ssip:
    """One connection. Starts Speech Dispatcher where it does not run. Raises SpeechError.

    timeout_seconds: an answer that takes longer means that it hangs.
    """

    def __init__(self, timeout_seconds: float) -> None:
        self._timeout_seconds = timeout_seconds
        self._unread = b""
        self._events: list[Reply] = []
        path = address()
        if not path.exists():
            _spawn()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout_seconds)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            raise SpeechError(
                f"speech-dispatcher does not answer at {path} ({error.strerror or error}); start it with "
                "speech-dispatcher --spawn, or set speech.engine to pyttsx3"
            ) from error

    def ask(self, command: str) -> list[str]:
        """Send one command and return the lines of its answer but the last. Raises SpeechError."""
        code, lines = self._ask(command)
        if code >= 300:
            raise SpeechError(f"speech-dispatcher refuses {command!r} ({code} {' '.join(lines)})")
        return lines[:-1]

    def speak(self, text: str) -> str:
        """Send a text to be spoken; the number its events will carry. Raises SpeechError."""
        code, lines = self._ask("SPEAK")
        if code != RECEIVING:
            raise SpeechError(f"speech-dispatcher does not speak ({code} {' '.join(lines)})")
        # A line of one full stop would end the text.
        body = "\r\n".join("." + line if line.startswith(".") else line for line in text.splitlines())
        code, lines = self._ask(f"{body}\r\n.")
        if code >= 300:
            raise SpeechError(f"speech-dispatcher does not speak {text!r} ({code} {' '.join(lines)})")
        return lines[0]

    def event(self, seconds: float) -> Reply | None:
        """The next event: its code and [message, client, words]. None after so many seconds."""
        if self._events:
            return self._events.pop(0)
        if b"\n" not in self._unread and not select.select([self._socket], [], [], seconds)[0]:
            return None
        return self._reply()

    def close(self) -> None:
        """End the connection; may be called again."""
        with contextlib.suppress(OSError):
            self._socket.sendall(b"QUIT\r\n")
        self._socket.close()

    def _ask(self, command: str) -> Reply:
        try:
            self._socket.sendall(f"{command}\r\n".encode())
        except OSError as error:
            raise SpeechError(f"speech-dispatcher is gone ({error.strerror or error}); try again") from error
        while True:
            reply = self._reply()
            if not 700 <= reply[0] < 800:
                return reply
            self._events.append(reply)

    def _reply(self) -> Reply:
        lines: list[str] = []
        while True:
            line = self._line()
            code, dash, words = line[:3], line[3:4], line[4:]
            if not code.isdigit():
                raise SpeechError(f"speech-dispatcher answers nonsense ({line[:80]!r}); try again")
            lines.append(words)
            if dash != "-":
                return int(code), lines

    def _line(self) -> str:
        deadline = time.monotonic() + self._timeout_seconds
        while b"\n" not in self._unread:
            self._socket.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                chunk = self._socket.recv(65536)
            except socket.timeout as error:  # its name before Python 3.10 made it TimeoutError
                raise SpeechError(
                    f"speech-dispatcher did not answer within {self._timeout_seconds:g} s; restart it"
                ) from error
            except OSError as error:
                raise SpeechError(f"speech-dispatcher is gone ({error.strerror or error})") from error
            if not chunk:
                raise SpeechError("speech-dispatcher ended the connection; try again")
            self._unread += chunk
        line, _, self._unread = self._unread.partition(b"\n")
        return line.decode("utf-8", "replace").rstrip("\r")


def _spawn() -> None:
    """Start Speech Dispatcher for this user; it goes on by itself. Raises SpeechError."""
    program = shutil.which("speech-dispatcher")
    if program is None:
        raise SpeechError(
            "speech-dispatcher is not installed; install the package speech-dispatcher, "
            "or set speech.engine to pyttsx3"
        )
    try:
        subprocess.run(  # noqa: S603
            [program, "--spawn"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=SPAWN_SECONDS,
            check=False,  # whether it runs, connecting shows
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SpeechError(f"speech-dispatcher does not start ({error}); try again") from error
