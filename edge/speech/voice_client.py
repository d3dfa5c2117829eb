"""The parent's end of the voice's process: start it, ask it with a deadline, end it."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from edge.errors import SpeechError

START_SECONDS = 20.0
"""Loading Python, pyttsx3 and the voice's data from a slow card takes seconds, once."""
END_SECONDS = 1.0


class VoiceLost(SpeechError):
    """The voice's process died or does not answer; a new one may work."""


class VoiceClient:
    """One process of edge.speech.voice_process. folder: private to it, for its files."""

    def __init__(self, voice: str, words_per_minute: int, folder: Path) -> None:
        package_root = Path(__file__).resolve().parents[2]
        # The process must find the same edge package, wherever this one runs from.
        paths = [str(package_root), *filter(None, [os.environ.get("PYTHONPATH")])]
        arguments = [str(folder), voice, str(words_per_minute)]
        self._errors = folder / "errors.txt"
        self._unread = b""
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "edge.speech.voice_process", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=folder,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
                # Ctrl-C in the terminal is for the parent, which then ends this process in good order.
                start_new_session=True,
            )
        try:
            self.library: str = self._answer(START_SECONDS)["ready"]
        except BaseException:
            self.kill()
            raise

    def wav(self, text: str, timeout_seconds: float) -> Path:
        """The text as a WAV file, which the caller removes. Raises VoiceLost, or SpeechError."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"text": text}).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise VoiceLost(self._epitaph()) from error
        return Path(self._answer(timeout_seconds)["wav"])

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

    def _answer(self, timeout_seconds: float) -> dict[str, Any]:
        line = self._line(timeout_seconds)
        try:
            answer = json.loads(line)
        except ValueError as error:
            raise VoiceLost(f"the voice answered nonsense ({line[:80]!r}); try again") from error
        if "error" in answer:
            raise SpeechError(answer["error"])
        return dict(answer)

    def _line(self, timeout_seconds: float) -> bytes:
        assert self._process.stdout is not None
        deadline = time.monotonic() + timeout_seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._unread:
                if not selector.select(max(0.0, deadline - time.monotonic())):
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
