"""`facecue run` on a real terminal: keys are obeyed, and the terminal is as before, however it ends."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.clips import CLIPS
from edge.commands.run import SWITCHED_OFF

ROOT = Path(__file__).resolve().parents[3]
UNIT = ROOT / "systemd" / "facecue.service"
PATIENCE_SECONDS = 40.0


class Terminal:
    """A terminal with a facecue on it, and somebody who types and listens."""

    def __init__(self, model: Path, *options: str) -> None:
        self._ours, self._theirs = pty.openpty()
        self.before = self.mode()
        self.heard = self.last = ""
        arguments = ["run", "--source", str(CLIPS / "langer.mp4"), "--model", str(model), "--no-speech"]
        helper = str(Path(__file__).with_name("on_terminal.py"))
        self._shell = subprocess.Popen(
            [sys.executable, helper, os.ttyname(self._theirs), *arguments, "--levels", "", *options],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            start_new_session=True,
        )
        self.wait("facecue is ")
        self.wait(".")
        self.facecue = int(self.last)

    def mode(self) -> list[object]:
        return termios.tcgetattr(self._theirs)

    def echoes(self) -> bool:
        return bool(termios.tcgetattr(self._theirs)[3] & termios.ECHO)

    def type(self, keys: bytes) -> None:
        os.write(self._ours, keys)

    def wait(self, words: str) -> None:
        """Until these words come, after those that were waited for before."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while words not in self.heard:
            ready, _, _ = select.select([self._ours], [], [], 0.1)
            if ready:
                self.heard += os.read(self._ours, 4096).decode()
            over = "ended with" in self.heard and words not in self.heard
            assert not over and time.monotonic() < deadline, self.heard
        self.last, _, self.heard = self.heard.partition(words)

    def wait_restored(self) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.mode() != self.before:
            assert time.monotonic() < deadline, "the terminal is not as it was"
            time.sleep(0.01)

    def wait_ended(self, status: int) -> None:
        self.wait(f"ended with {status}.")

    def close(self) -> None:
        # The end of the shell is the end of the terminal and of what is in front on it.
        self._shell.kill()
        self._shell.wait()
        os.close(self._ours)
        os.close(self._theirs)


@pytest.fixture
def terminal(tiny_folder: Path) -> Iterator[Terminal]:
    made = Terminal(tiny_folder)
    yield made
    made.close()


def test_keys_are_obeyed_at_once_and_unseen(terminal: Terminal) -> None:
    terminal.wait("facecue ready")
    assert not terminal.echoes()
    # The clip stands still from here on, so that it cannot end before the test does.
    for keys, words in (
        (b"p", "  paused"),
        (b" ", "  paused"),
        (b"m", "  muted"),
        (b"m", "  sound is on"),
        (b"\x1b[C", "  faster"),
        (b"d", "  slower"),
        (b"v", "  many words"),
        (b"e", "  movements only"),
        (b"x", "  unknown command"),
        (b"?", "what now; a: "),
        (b"p", "  running again"),
        (b"q", "  facecue stopped"),
    ):
        terminal.type(keys)
        terminal.wait(words)
    terminal.wait_ended(0)
    assert terminal.mode() == terminal.before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_in_good_order(terminal: Terminal, number: signal.Signals) -> None:
    terminal.wait("facecue ready")
    assert not terminal.echoes()
    os.kill(terminal.facecue, number)
    terminal.wait("facecue stopped")
    terminal.wait_ended(0)
    assert terminal.mode() == terminal.before


def test_a_service_that_its_user_has_ended_is_not_started_again(tiny_folder: Path) -> None:
    told = dict(re.findall(r"^(\w+ExitStatus)=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE))
    assert told == {"RestartPreventExitStatus": str(SWITCHED_OFF), "SuccessExitStatus": str(SWITCHED_OFF)}
    terminal = Terminal(tiny_folder, "--service")
    try:
        terminal.wait("facecue ready")
        terminal.type(b"q")
        terminal.wait("facecue stopped")
        terminal.wait_ended(SWITCHED_OFF)
    finally:
        terminal.close()


def test_ctrl_c_means_what_it_always_means(terminal: Terminal) -> None:
    terminal.wait("facecue ready")
    terminal.type(b"\x03")
    terminal.wait("facecue stopped")
    terminal.wait_ended(0)
    assert terminal.mode() == terminal.before


def test_even_a_facecue_that_is_killed_leaves_the_terminal_as_it_was(terminal: Terminal) -> None:
    terminal.wait("facecue ready")
    assert terminal.mode() != terminal.before
    os.killpg(terminal.facecue, signal.SIGKILL)
    terminal.wait_ended(-signal.SIGKILL)
    terminal.wait_restored()


def test_a_start_that_fails_leaves_the_terminal_as_it_was(tiny_folder: Path) -> None:
    terminal = Terminal(tiny_folder, "--source", "/nowhere/clip.mp4")
    try:
        terminal.wait("there is no file")
        terminal.wait_ended(2)
        assert terminal.mode() == terminal.before
    finally:
        terminal.close()


def test_the_terminal_is_left_alone_where_the_settings_say_so(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACECUE_CONTROL__KEYBOARD", "false")
    terminal = Terminal(tiny_folder)
    try:
        terminal.wait("facecue ready")
        assert terminal.mode() == terminal.before
        terminal.type(b"q")
        time.sleep(0.5)
        os.kill(terminal.facecue, 0)
    finally:
        terminal.close()
