"""A spoken phrase as samples, and its way from and to WAV files."""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from edge.errors import SpeechError

Int16 = npt.NDArray[np.int16]

SAMPLE_RATE = 22050
"""Samples a second of everything that is played: that of espeak-ng, to which other voices are brought."""
SILENT_PEAK = 330
"""A recording that never gets louder than this (1 % of full scale) holds no speech."""
TRIM_LEVEL = 0.005
TRIM_MARGIN_SECONDS = 0.01


@dataclass(frozen=True, eq=False)
class Phrase:
    """Sound of one channel. samples: int16 [N]. sample_rate: samples a second."""

    samples: Int16
    sample_rate: int

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.sample_rate

    @property
    def silent(self) -> bool:
        """Whether there is nothing to hear in it."""
        return len(self.samples) == 0 or int(np.abs(self.samples.astype(np.int32)).max()) < SILENT_PEAK

    def trimmed(self) -> Phrase:
        """The same without the silence before and after, so that a cue starts at once."""
        loudness = np.abs(self.samples.astype(np.int32))
        heard = np.flatnonzero(loudness > TRIM_LEVEL * loudness.max(initial=0))
        if len(heard) == 0:
            return self
        margin = round(TRIM_MARGIN_SECONDS * self.sample_rate)
        start, end = max(0, int(heard[0]) - margin), int(heard[-1]) + 1 + margin
        return Phrase(self.samples[start:end].copy(), self.sample_rate)

    def scaled(self, volume: float) -> Phrase:
        """The same at volume 0 (nothing) to 1 (as it is)."""
        if volume == 1.0:
            return self
        return Phrase(np.round(self.samples * volume).astype(np.int16), self.sample_rate)

    def resampled(self, sample_rate: int) -> Phrase:
        """The same at another rate; what is above half of it is left out."""
        if sample_rate == self.sample_rate or len(self.samples) == 0:
            return Phrase(self.samples, sample_rate)
        count = max(1, round(len(self.samples) * sample_rate / self.sample_rate))
        spectrum = np.fft.rfft(self.samples.astype(np.float64))[: count // 2 + 1]
        sound = np.fft.irfft(spectrum, count) * (count / len(self.samples))
        return Phrase(np.clip(np.round(sound), -32768, 32767).astype(np.int16), sample_rate)

    def after(self, first: Phrase, gap_seconds: float) -> Phrase:
        """`first`, a gap, then this one, as one phrase. Both must have the same sample rate."""
        gap = np.zeros(round(gap_seconds * self.sample_rate), np.int16)
        return Phrase(np.concatenate([first.samples, gap, self.samples]), self.sample_rate)

    @property
    def loudness(self) -> float:
        """Root mean square of the samples, 0 to 32767."""
        if len(self.samples) == 0:
            return 0.0
        return float(np.sqrt(np.mean(self.samples.astype(np.float64) ** 2)))


def silence(seconds: float, sample_rate: int) -> Phrase:
    """A phrase of nothing, for finding out whether a sound output works."""
    return Phrase(np.zeros(round(seconds * sample_rate), np.int16), sample_rate)


def read_wav(path: Path) -> Phrase:
    """Read 16-bit sound of one channel. Raises SpeechError when the file is anything else."""
    try:
        with wave.open(str(path), "rb") as file:
            if file.getnchannels() != 1 or file.getsampwidth() != 2:
                raise SpeechError("the voice wrote sound that is not 16-bit mono; choose another voice")
            data = file.readframes(file.getnframes())
            rate = file.getframerate()
    except (OSError, EOFError, wave.Error) as error:
        raise SpeechError(f"the voice wrote a WAV file that cannot be read ({error}); try again") from error
    return Phrase(np.frombuffer(data, "<i2").astype(np.int16), rate)


def write_wav(file: IO[bytes], phrase: Phrase) -> None:
    """Write a phrase as a 16-bit mono WAV; the file stays open."""
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(phrase.sample_rate)
        out.writeframes(phrase.samples.astype("<i2").tobytes())
