"""Speech written to one WAV file instead of being heard."""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path

from edge.errors import SpeechError
from edge.speech.phrase import Phrase

POLL_SECONDS = 0.02
MOST_BYTES = 2**32 - 4096
"""A WAV file counts its bytes in 32 bits."""
HEADER_BYTES = 44


def wav_header(samples: int, sample_rate: int) -> bytes:
    """The first 44 bytes of a WAV file of 16-bit mono sound."""
    size = 2 * samples
    sound = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, sample_rate, 2 * sample_rate, 2, 16)
    return struct.pack("<4sI4s", b"RIFF", 36 + size, b"WAVE") + sound + struct.pack("<4sI", b"data", size)


class WavPlayer:
    """Writes every phrase to its place on the clock, with silence between; the file is always a valid WAV.

    clock: seconds since the start of the file. paced: a phrase lasts as long as it would be heard, so
    cutting it short leaves the rest out, as with a loudspeaker; a replay, whose clock stands still while a
    phrase is played, is not paced. A phrase never overlaps the one before: it follows it. Raises
    SpeechError when the file cannot be written.
    """

    def __init__(
        self, path: Path, clock: Callable[[], float], paced: bool = True, sample_rate: int = 22050
    ) -> None:
        self.path = path
        self._clock = clock
        self._paced = paced
        self._rate = sample_rate
        self._written = 0
        try:
            # Unbuffered: what could not be written must not come up again when the file is closed.
            self._file = path.open("wb", buffering=0)
        except OSError as error:
            raise self._fault(error) from error
        try:
            self._append(b"")
        except SpeechError:
            self._file.close()
            raise

    def play(self, phrase: Phrase, cut: threading.Event) -> None:
        """Write a phrase, if paced once it is over or `cut` is set."""
        if phrase.sample_rate != self._rate:
            raise SpeechError(
                f"{self.path} holds sound at {self._rate} samples a second, this phrase has "
                f"{phrase.sample_rate}; choose an espeak voice"
            )
        start = max(round(self._clock() * self._rate), self._written)
        spoken = 0
        try:
            spoken = self._wait(start, len(phrase.samples), cut) if self._paced else len(phrase.samples)
        finally:
            self._silence_until(start)
            self._append(phrase.samples[:spoken].astype("<i2").tobytes())

    def close(self) -> None:
        """Close the file; may be called again."""
        self._file.close()

    def _wait(self, start: int, length: int, cut: threading.Event) -> int:
        """How many samples are spoken before the end or the cut."""
        began = time.monotonic()
        while True:
            interrupted = cut.wait(POLL_SECONDS)
            # A clip's clock may stop while the last phrase is spoken.
            passed = max(self._clock() - start / self._rate, time.monotonic() - began)
            spoken = min(length, round(passed * self._rate))
            if interrupted or spoken == length:
                return spoken

    def _silence_until(self, sample: int) -> None:
        while self._written < sample:
            self._append(bytes(2 * min(sample - self._written, self._rate)))

    def _append(self, data: bytes) -> None:
        if 2 * self._written + len(data) > MOST_BYTES:
            raise SpeechError(f"{self.path} is full, a WAV file holds 4 GB; restart to begin a new one")
        # The samples first: whatever happens in between, the header tells of no more than is there.
        self._write(HEADER_BYTES + 2 * self._written, data)
        self._written += len(data) // 2
        self._write(0, wav_header(self._written, self._rate))

    def _write(self, position: int, data: bytes) -> None:
        try:
            self._file.seek(position)
            while data:
                data = data[self._file.write(data) :]
        except OSError as error:
            raise self._fault(error) from error

    def _fault(self, error: OSError) -> SpeechError:
        return SpeechError(f"{self.path}: speech cannot be written there ({error.strerror}); set speech.wav")
