"""Phrases: trimming, volume, WAV files."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import numpy as np
import pytest

from edge.errors import SpeechError
from edge.speech.phrase import Phrase, read_wav, silence, write_wav

RATE = 22050


def tone(seconds: float, peak: float = 10000.0) -> Phrase:
    time = np.arange(round(seconds * RATE)) / RATE
    return Phrase((peak * np.sin(2 * np.pi * 440 * time)).astype(np.int16), RATE)


def test_silence_around_a_phrase_is_trimmed_and_the_phrase_is_kept() -> None:
    sound = tone(0.5).samples
    padded = Phrase(np.concatenate([np.zeros(5000, np.int16), sound, np.zeros(9000, np.int16)]), RATE)
    trimmed = padded.trimmed()
    assert 0.5 <= trimmed.seconds <= 0.53
    assert np.abs(trimmed.samples.astype(int)).sum() == np.abs(sound.astype(int)).sum()


def test_a_pause_inside_a_phrase_stays() -> None:
    sound = tone(0.2).samples
    pause = np.zeros(RATE, np.int16)
    assert Phrase(np.concatenate([sound, pause, sound]), RATE).trimmed().seconds > 1.38


@pytest.mark.parametrize("phrase", [silence(0.5, RATE), tone(0.5, peak=200), silence(0, RATE)])
def test_what_cannot_be_heard_is_silent(phrase: Phrase) -> None:
    assert phrase.silent
    assert phrase.trimmed().silent


def test_speech_is_not_silent() -> None:
    assert not tone(0.1).silent
    assert not Phrase(np.array([-32768], np.int16), RATE).silent


def test_volume_scales() -> None:
    assert int(tone(0.1).scaled(0.5).samples.max()) == pytest.approx(5000, abs=30)
    assert tone(0.1).scaled(0.0).silent


def test_a_phrase_survives_a_wav_file(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with path.open("wb") as file:
        write_wav(file, tone(0.1))
    again = read_wav(path)
    assert again.sample_rate == RATE
    assert np.array_equal(again.samples, tone(0.1).samples)


def test_a_wav_file_that_is_no_speech_is_refused(tmp_path: Path) -> None:
    stereo = io.BytesIO()
    with wave.open(stereo, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(bytes(400))
    for content, words in (
        (stereo.getvalue(), "not 16-bit mono"),
        (b"RIFF", "cannot be read"),
        (b"", "cannot"),
    ):
        path = tmp_path / "a.wav"
        path.write_bytes(content)
        with pytest.raises(SpeechError, match=words):
            read_wav(path)
