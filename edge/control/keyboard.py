"""Single keys from a terminal, without Enter; the terminal is left as it was found, whatever happens."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import subprocess
import termios
import threading
from typing import TextIO

from edge.control.commands import UNKNOWN
from edge.control.control import Control
from edge.control.keys import BY_NAME, KeyStream
from edge.errors import CommandError

log = logging.getLogger(__name__)

TURN_SECONDS = 0.5
"""How often it looks whether the terminal is this process's own again."""
ESCAPE_SECONDS = 0.05
"""What belongs to one key comes closer together than this, over ssh too."""
JOIN_SECONDS = 2.0
# Reads a line that never comes: the end of it is the end of facecue, SIGKILL included.
GUARD = 'read -r line; stty "$0" <&{terminal}'


def keyboard_or_none(stream: TextIO, control: Control) -> Keyboard | None:
    """The keyboard, or None where the stream is no terminal, or another process has it."""
    try:
        terminal = stream.fileno()
        if not os.isatty(terminal) or not _in_front(terminal):
            return None
        return Keyboard(terminal, control)
    except (OSError, ValueError, termios.error) as error:
        log.info("no keys: %s", error)
        return None


class Keyboard:
    """A thread that turns keys into commands; close() gives the terminal back.

    terminal: file descriptor. Ctrl-C and Ctrl-Z mean what they always mean. Raises termios.error or
    OSError where the terminal cannot be set.
    """

    def __init__(self, terminal: int, control: Control) -> None:
        self._terminal = terminal
        self._control = control
        self._before = termios.tcgetattr(terminal)
        self._guard = _guard(terminal)
        self._stop = threading.Event()
        self._wake, self._waker = os.pipe()
        self._set()
        self._thread = threading.Thread(target=self._run, name="keyboard", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop reading and put the terminal back."""
        self._stop.set()
        os.write(self._waker, b"\0")
        self._thread.join(JOIN_SECONDS)
        self._restore()
        if self._guard is not None:
            assert self._guard.stdin is not None
            self._guard.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._guard.wait(JOIN_SECONDS)
        if not self._thread.is_alive():
            os.close(self._wake)
            os.close(self._waker)

    def __enter__(self) -> Keyboard:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        keys = KeyStream()
        ours = True
        while not self._stop.is_set():
            # Reading a terminal that the shell has taken back would stop the whole process.
            before, ours = ours, _in_front(self._terminal)
            if not ours:
                self._stop.wait(TURN_SECONDS)
                continue
            if not before:
                self._set()
            try:
                data = self._read(ESCAPE_SECONDS if keys.begun else TURN_SECONDS)
            except OSError as error:
                log.info("no more keys: %s", error)
                return
            if data == b"":
                log.info("no more keys: the terminal is closed")
                return
            for name in keys.pause() if data is None else keys.feed(data):
                self._pressed(name)

    def _read(self, timeout_seconds: float) -> bytes | None:
        """What was typed, None if nothing was, empty at the end of the terminal."""
        ready, _, _ = select.select([self._terminal, self._wake], [], [], timeout_seconds)
        return os.read(self._terminal, 64) if self._terminal in ready else None

    def _pressed(self, name: str) -> None:
        try:
            self._control.submit(BY_NAME.get(name, UNKNOWN))
        except CommandError as error:
            log.info("%s", error)

    def _set(self) -> None:
        """Each key at once and unseen."""
        mode = termios.tcgetattr(self._terminal)
        mode[3] &= ~(termios.ECHO | termios.ICANON)
        mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
        termios.tcsetattr(self._terminal, termios.TCSADRAIN, mode)

    def _restore(self) -> None:
        # From the background it would be stopped for this; the shell has put its own terminal right then.
        if _in_front(self._terminal):
            with contextlib.suppress(OSError, termios.error):
                termios.tcsetattr(self._terminal, termios.TCSADRAIN, self._before)


def _in_front(terminal: int) -> bool:
    """Whether what is typed there is meant for this process."""
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        # Not the terminal that this process belongs to: nobody else's job control is in the way.
        return True


def _guard(terminal: int) -> subprocess.Popen[bytes] | None:
    """A shell that puts the terminal back once this process is gone, even if it was killed."""
    # Its standard input is the pipe.
    other = os.dup(terminal)
    try:
        saved = subprocess.run(["stty", "-g"], stdin=terminal, capture_output=True, check=True, timeout=2.0)  # noqa: S607
        return subprocess.Popen(  # noqa: S603
            ["sh", "-c", GUARD.format(terminal=other), saved.stdout.decode().strip()],  # noqa: S607
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[other],
            # Not of this terminal any more: neither Ctrl-C nor job control reaches it.
            start_new_session=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        log.info("the terminal is not put back if facecue is killed: %s", error)
        return None
    finally:
        os.close(other)
