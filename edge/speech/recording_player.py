"""A sound card that is none: the real aplay plays into a pipe, and the first sample's time is kept."""

from __future__ import annotations

import fcntl
import os
import select
import shutil
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from edge.errors import SpeechError
from edge.speech.command_player import CommandPlayer
from edge.speech.phrase import SAMPLE_RATE, Phrase

CARD_BYTES = 4096
"""What the pipe holds, 0.09 s of sound: about as much as a sound card's buffer."""
CHUNK_SECONDS = 0.01
SET_PIPE_SIZE = getattr(fcntl, "F_SETPIPE_SZ", 1031)
"""F_SETPIPE_SZ of Linux, which has a name in Python from 3.10 on."""

CONFIGURATION = """
pcm.!default {{
    type file
    slave.pcm {{ type null }}
    file "{pipe}"
    format "raw"
}}
"""


class RecordingPlayer:
    """Plays in real time and remembers when; an edge.speech.players.Player. For measuring, and for tests.

    first_samples: for every phrase the time of time.monotonic() at which its first sample arrived, in
    order; None where it was cut before. Raises SpeechError without aplay.
    """

    def __init__(self, timeout_seconds: float = 10.0) -> None:
        program = shutil.which("aplay")
        if program is None:
            raise SpeechError("aplay is not installed; install the package alsa-utils")
        self.first_samples: list[float | None] = []
        self._first: float | None = None
        self._stop = threading.Event()
        self._paused = threading.Lock()
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="facecue-record-")))
            pipe = folder / "card"
            os.mkfifo(pipe)
            # Open for both, or it would end whenever aplay does.
            self._card = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
            stack.callback(os.close, self._card)
            fcntl.fcntl(self._card, SET_PIPE_SIZE, CARD_BYTES)
            configuration = folder / "asound.conf"
            configuration.write_text(CONFIGURATION.format(pipe=pipe))
            environment = {**os.environ, "ALSA_CONFIG_PATH": str(configuration)}
            self._player = CommandPlayer([program, "-q"], timeout_seconds, environment)
            self._thread = threading.Thread(target=self._listen, name="recording-player", daemon=True)
            self._thread.start()
            self._open = stack.pop_all()

    def play(self, phrase: Phrase, cut: threading.Event) -> None:
        """Play a phrase until it is over or `cut` is set."""
        self._first = None
        try:
            self._player.play(phrase, cut)
        finally:
            if cut.is_set():
                with self._paused:  # a card drops what it has not played
                    self._read(CARD_BYTES)
            while select.select([self._card], [], [], 0)[0]:
                time.sleep(CHUNK_SECONDS)
            self.first_samples.append(self._first)

    def close(self) -> None:
        """End it; may be called again."""
        self._stop.set()
        self._thread.join()
        self._open.close()

    def _listen(self) -> None:
        """Take the samples as fast as a card plays them."""
        due = time.monotonic()
        while not self._stop.is_set():
            with self._paused:
                taken = self._read(2 * round(SAMPLE_RATE * CHUNK_SECONDS))
            now = time.monotonic()
            if taken and self._first is None:
                self._first = now
            due = max(due + taken / 2 / SAMPLE_RATE, now)
            self._stop.wait(max(0.001, due - now))

    def _read(self, count: int) -> int:
        try:
            return len(os.read(self._card, count))
        except BlockingIOError:
            return 0
