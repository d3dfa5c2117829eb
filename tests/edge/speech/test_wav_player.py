"""Speech written to a WAV file: everything in its place."""

from __future__ import annotations

import io
import resource
import signal
import threading
import wave
from pathlib import Path

import numpy as np
import pytest
from speech_help import eventually

from edge.errors import SpeechError
from edge.speech.phrase import Phrase, read_wav
from edge.speech.wav_player import WavPlayer, wav_header

RATE = 22050


class StepClock:
    """A clock that goes on by `step` seconds whenever it is read."""

    def __init__(self, step: float = 0.0) -> None:
        self.now = 0.0
        self.step = step
        self.readings = 0

    def __call__(self) -> float:
        reading = self.now
        self.now += self.step
        self.readings += 1
        return reading


def beep(seconds: float, level: int) -> Phrase:
    return Phrase(np.full(round(seconds * RATE), level, np.int16), RATE)


def spans(path: Path) -> list[tuple[float, float, int]]:
    """(start, end, level) of every stretch of one level, silence left out; seconds."""
    samples = read_wav(path).samples
    edges = [0, *(np.flatnonzero(np.diff(samples)) + 1), len(samples)]
    return [
        (round(a / RATE, 3), round(b / RATE, 3), int(samples[a]))
        for a, b in zip(edges, edges[1:])
        if samples[a] != 0
    ]


def test_every_phrase_is_at_its_time(tmp_path: Path) -> None:
    clock = StepClock()
    player = WavPlayer(tmp_path / "a.wav", clock, paced=False)
    for now, level in ((0.5, 100), (2.0, 200), (2.1, 300), (7.25, 400)):
        clock.now = now
        player.play(beep(0.3, level), threading.Event())
    player.close()
    # The third comes while the second is spoken, and follows it.
    assert spans(tmp_path / "a.wav") == [(0.5, 0.8, 100), (2.0, 2.3, 200), (2.3, 2.6, 300), (7.25, 7.55, 400)]


def test_paced_it_waits_for_the_clock(tmp_path: Path) -> None:
    clock = StepClock(step=1.0)
    clock.now = 1.0
    player = WavPlayer(tmp_path / "a.wav", clock)
    player.play(beep(5.0, 100), threading.Event())
    assert clock.now >= 6.0
    player.close()
    assert spans(tmp_path / "a.wav") == [(1.0, 6.0, 100)]


def test_paced_it_does_not_wait_for_a_clock_that_stands_still(tmp_path: Path) -> None:
    player = WavPlayer(tmp_path / "a.wav", StepClock())
    player.play(beep(0.2, 100), threading.Event())
    player.close()
    assert spans(tmp_path / "a.wav") == [(0.0, 0.2, 100)]


def test_a_cut_leaves_the_rest_out_and_the_next_starts_there(tmp_path: Path) -> None:
    clock = StepClock()
    clock.now = 1.0
    player = WavPlayer(tmp_path / "a.wav", clock)
    cut = threading.Event()
    thread = threading.Thread(target=player.play, args=(beep(1000.0, 100), cut))
    thread.start()
    assert eventually(lambda: clock.readings >= 2)
    clock.now = 31.5
    cut.set()
    thread.join(30.0)
    assert not thread.is_alive()
    player.play(beep(0.1, 200), threading.Event())
    player.close()
    assert spans(tmp_path / "a.wav") == [(1.0, 31.5, 100), (31.5, 31.6, 200)]


def test_the_file_is_valid_all_the_time(tmp_path: Path) -> None:
    player = WavPlayer(tmp_path / "a.wav", StepClock(), paced=False)
    assert len(read_wav(tmp_path / "a.wav").samples) == 0
    player.play(beep(0.5, 100), threading.Event())
    assert spans(tmp_path / "a.wav") == [(0.0, 0.5, 100)]
    player.play(beep(0.5, 200), threading.Event())
    assert spans(tmp_path / "a.wav") == [(0.0, 0.5, 100), (0.5, 1.0, 200)]
    player.close()
    player.close()
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert (file.getnframes(), file.getnchannels(), file.getframerate()) == (RATE, 1, RATE)


def test_the_file_is_valid_after_an_exception(tmp_path: Path) -> None:
    class BrokenClock(StepClock):
        def __call__(self) -> float:
            if self.readings == 4:
                raise KeyboardInterrupt
            return super().__call__()

    player = WavPlayer(tmp_path / "a.wav", BrokenClock(step=0.5))
    player.play(beep(0.3, 100), threading.Event())
    with pytest.raises(KeyboardInterrupt):
        player.play(beep(1000.0, 200), threading.Event())
    player.close()
    assert spans(tmp_path / "a.wav") == [(0.0, 0.3, 100)]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpeechError, match=r"missing/a\.wav: speech cannot be written there"):
        WavPlayer(tmp_path / "missing" / "a.wav", StepClock())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full, the disk that is full, is not here")
def test_a_full_disk_is_an_error() -> None:
    with pytest.raises(SpeechError, match="No space left"):
        WavPlayer(Path("/dev/full"), StepClock())


def test_sound_of_another_rate_is_refused(tmp_path: Path) -> None:
    player = WavPlayer(tmp_path / "a.wav", StepClock())
    with pytest.raises(SpeechError, match="22050 samples a second"):
        player.play(Phrase(np.ones(10, np.int16), 16000), threading.Event())
    player.close()


@pytest.mark.parametrize("samples", [0, 1, 22050])
def test_the_header_is_that_of_the_standard_library(samples: int) -> None:
    standard = io.BytesIO()
    with wave.open(standard, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(bytes(2 * samples))
    assert standard.getvalue()[:44] == wav_header(samples, RATE)


def test_a_file_that_cannot_grow_is_an_error_and_stays_valid(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    player = WavPlayer(tmp_path / "a.wav", StepClock(), paced=False)
    player.play(beep(0.5, 100), threading.Event())
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (30000, before[1]))
        with pytest.raises(SpeechError, match="File too large"):
            player.play(beep(0.5, 200), threading.Event())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    player.play(beep(0.5, 300), threading.Event())
    player.close()
    assert spans(tmp_path / "a.wav") == [(0.0, 0.5, 100), (0.5, 1.0, 300)]
