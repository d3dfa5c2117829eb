"""The real pyttsx3 and espeak-ng in their process: killed, stopped, missing."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from speech_help import alive, children, eventually, process_fields, voice_process

from edge.cues.catalogue import vocabulary
from edge.errors import SpeechError
from edge.settings import SpeechSettings
from edge.speech import synthesis
from edge.speech.synthesis import Synthesiser

LONG = "looks happy, " * 200
PATIENT = SpeechSettings(timeout_seconds=30.0)


@contextmanager
def synthesiser(settings: SpeechSettings = PATIENT) -> Iterator[Synthesiser]:
    voice = Synthesiser(settings)
    try:
        yield voice
    finally:
        voice.close()


@pytest.fixture
def no_system_espeak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the processes started from here, the system's libraries of espeak are broken files."""
    folder = tmp_path / "broken"
    folder.mkdir()
    for name in ("libespeak-ng.so.1", "libespeak.so.1"):
        (folder / name).touch()
    monkeypatch.setenv("LD_LIBRARY_PATH", str(folder))


def test_every_phrase_is_heard_in_a_row() -> None:
    texts = vocabulary()[:20]
    assert len(texts) == 20
    with synthesiser() as voice:
        phrases = [voice.phrase(text) for text in texts]
    for text, phrase in zip(texts, phrases):
        assert not phrase.silent, text
        # 170 words a minute are about 13 letters a second.
        assert 0.3 * len(text) / 13 < phrase.seconds < 3 * len(text) / 13 + 0.3, text
    assert len({phrase.samples.tobytes() for phrase in phrases}) == 20


def test_a_cue_starts_at_once_and_ends_soon() -> None:
    with synthesiser() as voice:
        phrase = voice.phrase("looks surprised")
    loud = np.flatnonzero(np.abs(phrase.samples.astype(int)) > 1000) / phrase.sample_rate
    assert loud[0] < 0.1
    assert phrase.seconds - loud[-1] < 0.2


def test_the_pace_is_the_one_asked_for_from_the_first_phrase_on() -> None:
    seconds = []
    for pace in (120, 240):
        with synthesiser(SpeechSettings(rate_words_per_minute=pace, timeout_seconds=30.0)) as voice:
            spoken = [voice.phrase(f"person {word} on the left").seconds for word in ("one", "two", "ten")]
        assert max(spoken) < 1.2 * min(spoken)
        seconds.append(sum(spoken))
    assert seconds[1] < 0.7 * seconds[0]


def test_a_phrase_is_made_once_and_the_store_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthesis, "KEPT_PHRASES", 2)
    with synthesiser() as voice:
        left, ahead = voice.phrase("left"), voice.phrase("ahead")
        assert voice.phrase("left") is left
        voice.phrase("right")
        assert voice.phrase("left") is left
        assert voice.phrase("ahead") is not ahead


def test_after_the_process_is_killed_the_next_phrase_works() -> None:
    with synthesiser() as voice:
        voice.phrase("left")
        first = voice_process()
        os.kill(first, signal.SIGKILL)
        assert not voice.phrase("right").silent
        assert voice_process() != first


def test_killed_in_the_middle_of_a_phrase_it_is_made_by_a_new_process() -> None:
    with synthesiser() as voice:
        voice.phrase("left")
        first = voice_process()
        made = []
        thread = threading.Thread(target=lambda: made.append(voice.phrase(LONG)))
        before = int(process_fields(first)[11])
        thread.start()
        # User time, in hundredths of a second: it is at work.
        assert eventually(lambda: int(process_fields(first)[11]) > before)
        os.kill(first, signal.SIGKILL)
        thread.join(60.0)
        assert not thread.is_alive()
        assert made[0].seconds > 60.0
        assert voice_process() != first


def test_a_process_that_hangs_is_replaced_after_the_deadline() -> None:
    with synthesiser(SpeechSettings(timeout_seconds=2.0)) as voice:
        voice.phrase("left")
        first = voice_process()
        os.kill(first, signal.SIGSTOP)
        assert not voice.phrase("right").silent
        assert not alive(first)
        assert voice_process() != first


def test_a_process_that_hangs_is_ended_on_close() -> None:
    with synthesiser() as voice:
        voice.phrase("left")
        first = voice_process()
        os.kill(first, signal.SIGSTOP)
    assert not alive(first)


def test_several_threads_may_ask() -> None:
    texts = vocabulary()[:8]
    made = {}
    with synthesiser() as voice:
        threads = [threading.Thread(target=lambda t=t: made.update({t: voice.phrase(t)})) for t in texts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60.0)
        for text in texts:
            assert voice.phrase(text) is made[text]
    assert len({phrase.samples.tobytes() for phrase in made.values()}) == 8


@pytest.mark.parametrize(
    "voice_name", ["en-us", "en-gb", "English (America)", "en-us+f3", "gmw/en-us", "EN-US"]
)
def test_voices_go_by_each_of_their_names(voice_name: str) -> None:
    with synthesiser(SpeechSettings(voice=voice_name, timeout_seconds=30.0)) as voice:
        assert not voice.phrase("left").silent


@pytest.mark.parametrize("voice_name", ["en-uk", "en-us+nobody", " ", "tlhh"])
def test_an_unknown_voice_is_named(voice_name: str) -> None:
    with (
        synthesiser(SpeechSettings(voice=voice_name)) as voice,
        pytest.raises(SpeechError, match="espeak-ng has no voice") as caught,
    ):
        voice.phrase("left")
    assert repr(voice_name) in str(caught.value)


@pytest.mark.parametrize("text", ["", " ", "..."])
def test_a_text_without_words_is_an_error_and_the_voice_goes_on(text: str) -> None:
    with synthesiser() as voice:
        with pytest.raises(SpeechError, match="no sound"):
            voice.phrase(text)
        assert not voice.phrase("left").silent


def test_any_text_is_only_text() -> None:
    with synthesiser() as voice:
        assert not voice.phrase('two\nlines, "quotes", <b>tags</b>, é and 😀').silent


def test_nothing_is_said_after_close() -> None:
    with synthesiser() as voice:
        voice.phrase("left")
    voice.close()
    with pytest.raises(SpeechError, match="closed"):
        voice.phrase("left")


@pytest.mark.usefixtures("no_system_espeak")
def test_without_espeak_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "espeakng_loader.py").write_text("raise ImportError('not installed')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with (
        synthesiser() as voice,
        pytest.raises(SpeechError, match=r"install the package espeak-ng, or .*facecue\[voice\]"),
    ):
        voice.phrase("left")


@pytest.mark.usefixtures("no_system_espeak")
@pytest.mark.skipif(
    importlib.util.find_spec("espeakng_loader") is None, reason="facecue[voice] is not installed"
)
def test_without_the_systems_espeak_that_of_the_extra_speaks() -> None:
    with synthesiser() as voice:
        assert 0.5 < voice.phrase("looks surprised").seconds < 2.0
        maps = Path(f"/proc/{voice_process()}/maps").read_text()
    assert "espeakng_loader/libespeak-ng.so" in maps


def test_a_process_that_cannot_start_is_reported_in_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyttsx3.py").write_text("raise ImportError('pyttsx3 is damaged')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with (
        synthesiser() as voice,
        pytest.raises(SpeechError, match="exit status 1: ImportError: pyttsx3 is damaged"),
    ):
        voice.phrase("left")


def test_the_process_ends_and_tidies_up_when_its_parent_dies(temporary_folder: Path) -> None:
    script = (
        "import sys\n"
        "from edge.settings import SpeechSettings\n"
        "from edge.speech.synthesis import Synthesiser\n"
        "voice = Synthesiser(SpeechSettings(timeout_seconds=30.0))\n"
        "voice.phrase('left')\n"
        "print(voice._client._process.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    root = Path(synthesis.__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root
    ) as parent:
        assert parent.stdout is not None
        voice = int(parent.stdout.readline())
        assert alive(voice)
        assert list(temporary_folder.iterdir())
        parent.kill()
    assert eventually(lambda: not alive(voice))
    assert eventually(lambda: not list(temporary_folder.iterdir()))
    assert voice not in children()
