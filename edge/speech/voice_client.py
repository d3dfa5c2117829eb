"""The parent's end of the voice's process: start it, ask it with a deadline, end it."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge.errors import SpeechError
from edge.speech.control import VoiceState
from edge.speech.engines.base import UnknownVoice

START_SECONDS = 20.0
"""Loading Python, the engine and the voice's data from a slow card takes seconds, once."""
END_SECONDS = 1.0
POLL_SECONDS = 0.01
"""How late a cut may be noticed."""

GivenUp = Callable[[], bool]
"""Whether whoever asked no longer wants the answer."""


class VoiceLost(SpeechError):
    """The voice's process died or does not answer; a new one may work."""


class CutShort(Exception):
    """Whoever asked no longer wants the answer."""


class VoiceClient:
    """One process of edge.speech.voice_process. folder: private to it, for its files."""

    def __init__(self, engine: str, voice_file: str, folder: Path) -> None:
        package_root = Path(__file__).resolve().parents[2]
        # The process must find the same edge package, wherever this one runs from.
        paths = [str(package_root), *filter(None, [os.environ.get("PYTHONPATH")])]
        self._folder = folder
        self._errors = folder / "errors.txt"
        self._unread = b""
        self._asked = 0
        self._answered = 0
        self._busy_since = 0.0
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "edge.speech.voice_process", str(folder), engine, voice_file],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=folder,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
                # Ctrl-C in the terminal is for the parent, which then ends this process in good order.
                start_new_session=True,
            )

    def ready(self, given_up: GivenUp) -> str:
        """Wait until the engine is there; where its library comes from. Raises as wav does."""
        answer = self._answer(time.monotonic() + START_SECONDS, START_SECONDS, given_up)
        return str(answer["ready"])

    def wav(self, text: str, state: VoiceState, timeout_seconds: float, given_up: GivenUp) -> Path:
        """The text as a WAV file, which the caller removes.

        Raises VoiceLost, UnknownVoice, SpeechError, or CutShort when it is given up: the answer
        is then thrown away when it comes, and the process is still good.
        """
        assert self._process.stdin is not None
        if self._answered == self._asked:
            self._busy_since = time.monotonic()
        self._asked += 1
        request = {
            "id": self._asked,
            "text": text,
            "voice": state.voice,
            "rate": state.rate_words_per_minute,
        }
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise VoiceLost(self._epitaph()) from error
        while True:
            # Counted from when it began with what it is at: that may be what an earlier caller gave up.
            answer = self._answer(self._busy_since + timeout_seconds, timeout_seconds, given_up)
            self._busy_since = time.monotonic()
            self._answered = int(answer.get("id", 0))
            if self._answered == self._asked:
                break
            if "wav" in answer:
                Path(answer["wav"]).unlink(missing_ok=True)
        if "error" in answer:
            kind = UnknownVoice if answer.get("unknown_voice") else SpeechError
            raise kind(answer["error"])
        return Path(answer["wav"])

    def kill(self) -> None:
        """End the process now, whatever it is doing."""
        self._process.kill()
        self._finish()

    def close(self) -> None:
        """End the process in good order, or by force if it does not end."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
            self._process.wait(END_SECONDS)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
        self._finish()

    def _finish(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.wait()
        self._process.stdout.close()
        with contextlib.suppress(OSError):  # a request that could not be delivered any more
            self._process.stdin.close()
        # What a killed process was writing, or an answer nobody waited for.
        for left in self._folder.glob("*.wav"):
            left.unlink(missing_ok=True)

    def _answer(self, deadline: float, timeout_seconds: float, given_up: GivenUp) -> dict[str, Any]:
        line = self._line(deadline, timeout_seconds, given_up)
        try:
            answer = dict(json.loads(line))
        except ValueError as error:
            raise VoiceLost(f"the voice answered nonsense ({line[:80]!r}); try again") from error
        if "id" not in answer and "error" in answer:
            raise SpeechError(answer["error"])
        return answer

    def _line(self, deadline: float, timeout_seconds: float, given_up: GivenUp) -> bytes:
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._unread:
                if given_up():
                    raise CutShort
                left = deadline - time.monotonic()
                if not selector.select(max(0.0, min(POLL_SECONDS, left))):
                    if left > 0:
                        continue
                    raise VoiceLost(
                        f"the voice did not answer within {timeout_seconds:g} s; "
                        "if this goes on, raise speech.timeout_seconds"
                    )
                chunk = os.read(self._process.stdout.fileno(), 65536)
                if not chunk:
                    raise VoiceLost(self._epitaph())
                self._unread += chunk
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _epitaph(self) -> str:
        try:
            code: int | str = self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            code = "unknown"
        words = self._errors.read_text(encoding="utf-8", errors="replace").split("\n")
        last = next((line.strip() for line in reversed(words) if line.strip()), "no message")
        return f"the voice's process ended (exit status {code}: {last}); reinstall espeak-ng if this goes on"
