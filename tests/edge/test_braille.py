"""Braille, on BRLTTY's own virtual display over TCP."""

from __future__ import annotations

import ctypes
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge import braille
from edge.braille import BrailleSink
from edge.errors import OutputError
from edge.settings import BrailleSettings
from edge.types import Cue, Priority

BRLTTY = shutil.which("brltty")
DEADLINE_SECONDS = 20.0
WIDTH = 40


def has_library() -> bool:
    try:
        ctypes.CDLL(braille.LIBRARY)
    except OSError:
        return False
    return True


real = pytest.mark.skipif(
    BRLTTY is None or not has_library(), reason="BRLTTY (packages brltty, libbrlapi0.8) is not installed"
)


def cue(text: str) -> Cue:
    return Cue("cue", "smile", text, Priority.NORMAL, 0.0, 2.0)


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Display:
    """BRLTTY with a display of 40 cells that is a connection to this test. number: of its BrlAPI."""

    def __init__(self, folder: Path) -> None:
        assert BRLTTY is not None
        self.number = free_port() % 20000
        port = free_port()
        self._log = (folder / "brltty.log").open("wb")
        self._process = subprocess.Popen(
            [
                *(BRLTTY, "-n", "-q", "-e", "-f", "/dev/null", "-U", str(folder), "-W", str(folder)),
                *("-b", "vr", "-d", f"server:127.0.0.1:{port}", "-x", "no", "-s", "no"),
                *("-A", f"auth=none,host=127.0.0.1:{self.number}"),
            ],
            stdout=self._log,
            stderr=self._log,
        )
        self._socket: socket.socket | None = None
        self._text = b""

        def connected() -> bool:
            try:
                self._socket = socket.create_connection(("127.0.0.1", port), 5.0)
            except OSError:
                return False
            return True

        assert eventually(connected)
        assert self._socket is not None
        self._socket.settimeout(None)
        self._socket.sendall(f"cells {WIDTH}\n".encode())
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        assert eventually(lambda: "no screen" in self.shown)

    @property
    def shown(self) -> str:
        """What stands on the display."""
        lines = [line for line in self._text.decode().splitlines() if line.startswith("Visual ")]
        return lines[-1].partition('"')[2].rstrip('"').rstrip() if lines else ""

    @property
    def cells(self) -> int:
        """How many cells the last line had."""
        lines = [line for line in self._text.decode().splitlines() if line.startswith("Visual ")]
        return len(lines[-1].partition('"')[2]) - 1

    def end(self) -> None:
        self._process.terminate()
        self._process.wait(DEADLINE_SECONDS)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._socket is not None
        self._thread.join(DEADLINE_SECONDS)
        self._socket.close()
        self._log.close()

    def _read(self) -> None:
        assert self._socket is not None
        while True:
            try:
                chunk = self._socket.recv(4096)
            except OSError:
                return
            if not chunk:
                return
            self._text += chunk


@pytest.fixture
def display(tmp_path: Path) -> Iterator[Display]:
    made = Display(tmp_path)
    yield made
    made.close()


def settings(display: Display, keep_seconds: float = 60.0) -> BrailleSettings:
    return BrailleSettings(enabled=True, host=f"127.0.0.1:{display.number}", keep_seconds=keep_seconds)


@real
def test_the_newest_cue_is_shown_and_taken_off_again(display: Display) -> None:
    sink = BrailleSink(settings(display, keep_seconds=1.0))
    for text in ("smiling", "eyebrows raised", "näher, é"):
        sink.deliver(cue(text))
        assert eventually(lambda text=text: display.shown == text)  # type: ignore[misc]
    assert eventually(lambda: display.shown == "")
    sink.deliver(cue("frowning"))
    assert eventually(lambda: display.shown == "frowning")
    sink.deliver(cue("long " * 30))
    assert eventually(lambda: display.shown.startswith("long long"))
    assert display.cells == WIDTH
    sink.interrupt()
    sink.close()
    sink.close()
    assert [each.name for each in threading.enumerate() if "Timer" in type(each).__name__] == []


@real
def test_a_brltty_that_went_away_is_an_error_and_found_again(display: Display, tmp_path: Path) -> None:
    sink = BrailleSink(settings(display))
    sink.deliver(cue("smiling"))
    display.end()
    with pytest.raises(OutputError, match="cannot be written"):
        sink.deliver(cue("frowning"))
    with pytest.raises(OutputError, match="BRLTTY does not answer"):
        sink.deliver(cue("frowning"))
    sink.close()


@real
def test_a_brltty_that_is_not_there_is_said_so() -> None:
    with pytest.raises(OutputError, match=r"BRLTTY does not answer .* start it"):
        BrailleSink(BrailleSettings(enabled=True, host="127.0.0.1:9999"))


def test_without_the_library_the_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(braille, "LIBRARY", "libnowhere.so.1")
    with pytest.raises(OutputError, match="install the packages brltty and libbrlapi"):
        BrailleSink(BrailleSettings(enabled=True))
