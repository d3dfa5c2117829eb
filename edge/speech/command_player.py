"""Sound through a command such as aplay."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import IO

from edge.errors import SpeechError
from edge.speech.phrase import Phrase, write_wav

POLL_SECONDS = 0.02
GRACE_SECONDS = 0.03
"""Between asking a player to end and ending it: both together are heard as "at once"."""


class CommandPlayer:
    """Plays each phrase by a command that is given the path of a WAV file.

    timeout_seconds: a player that takes this much longer than the phrase is ended. environment: the
    player's, where it is not to be this process's.
    """

    def __init__(
        self, command: Sequence[str], timeout_seconds: float, environment: Mapping[str, str] | None = None
    ) -> None:
        self._command = list(command)
        self._timeout_seconds = timeout_seconds
        self._environment = environment

    def play(self, phrase: Phrase, cut: threading.Event) -> None:
        """Play a phrase until it is over or `cut` is set. Raises SpeechError with the player's words."""
        deadline = time.monotonic() + phrase.seconds + self._timeout_seconds
        with ExitStack() as stack:
            wav = stack.enter_context(tempfile.NamedTemporaryFile(prefix="facecue-", suffix=".wav"))
            words = stack.enter_context(tempfile.TemporaryFile())
            write_wav(wav, phrase)
            wav.flush()
            process = self._start(wav.name, words)
            try:
                while process.poll() is None:
                    if cut.wait(POLL_SECONDS):
                        return
                    if time.monotonic() > deadline:
                        raise SpeechError(
                            f"the player {self._command[0]} hangs and was ended; check the sound card, or "
                            "name another player as speech.player"
                        )
            finally:
                _end(process)
            if process.returncode != 0 and not cut.is_set():
                raise SpeechError(
                    f"the player {self._command[0]} failed with exit status {process.returncode} "
                    f"({_last_line(words)}); check the sound card"
                )

    def close(self) -> None:
        """Nothing stays open between phrases."""

    def _start(self, path: str, words: IO[bytes]) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(  # noqa: S603
                [*self._command, path],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=words,
                env=self._environment,
                # A group of its own, so that a player that is a script ends with what it started.
                start_new_session=True,
            )
        except OSError as error:
            raise SpeechError(
                f"the player {self._command[0]} cannot be started ({error.strerror}); "
                "install it, or set speech.player to auto"
            ) from error


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    # Asked first: an ALSA mixer shared with other programs is left tidy that way.
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _last_line(words: IO[bytes]) -> str:
    words.seek(0)
    lines = [line.strip() for line in words.read().decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1] if lines else "no message"
