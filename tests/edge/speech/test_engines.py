"""The engines beside pyttsx3, each in the voice's own process: espeak-ng directly, and Piper."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from speech_help import eventually, voice_process

from edge.errors import SpeechError
from edge.settings import SpeechSettings
from edge.speech.control import SpeechControl
from edge.speech.engines.voice_names import VoiceNames
from edge.speech.synthesis import Synthesiser
from edge.speech.voice_client import CutShort

Make = Callable[..., Synthesiser]

PIPER = """
class SynthesisConfig:
    def __init__(self, length_scale):
        self.length_scale = length_scale

class PiperVoice:
    class config:
        sample_rate = 16000

    @classmethod
    def load(cls, path):
        if path.read_text() != "a voice":
            raise ValueError("no ONNX model")
        return cls()

    def synthesize_wav(self, text, file, syn_config, set_wav_format):
        assert not set_wav_format
        file.writeframes(b"\\0\\x20" * int(16000 * 0.05 * len(text) * syn_config.length_scale))
"""
"""As much of piper-tts 1.8 as is used; its voices are in no package."""


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[Synthesiser] = []

    def build(settings: SpeechSettings, control: SpeechControl | None = None) -> Synthesiser:
        made.append(Synthesiser(settings, control))
        return made[-1]

    yield build
    for each in made:
        each.close()


@pytest.fixture
def piper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A voice file; the package piper can be imported by the voice's process."""
    packages = tmp_path / "packages"
    packages.mkdir()
    (packages / "piper.py").write_text(PIPER)
    monkeypatch.setenv("PYTHONPATH", str(packages))
    voice = tmp_path / "anna.onnx"
    voice.write_text("a voice")
    (tmp_path / "anna.onnx.json").write_text("{}")
    return voice


def espeak(**more: object) -> SpeechSettings:
    return SpeechSettings(engine="espeak", **{"timeout_seconds": 30.0, **more})  # type: ignore[arg-type]


def test_espeak_directly_sounds_as_through_pyttsx3(make: Make) -> None:
    direct = make(espeak())
    through = make(SpeechSettings(timeout_seconds=30.0))
    for text in ("smiling", "person ahead", "é and 😀"):
        assert direct.phrase(text).seconds == pytest.approx(through.phrase(text).seconds, rel=0.1)


@pytest.mark.parametrize(
    "voice", ["en-us", "en-gb", "English (America)", "en-us+f3", "gmw/en-us", "cs", "de"]
)
def test_its_voices_go_by_each_of_their_names(make: Make, voice: str) -> None:
    assert not make(espeak(voice=voice)).phrase("left").silent


@pytest.mark.parametrize("voice", ["en-uk", "en-us+nobody", "tlhh"])
def test_an_unknown_voice_is_named(make: Make, voice: str) -> None:
    with pytest.raises(SpeechError, match="espeak-ng has no voice") as caught:
        make(espeak(voice=voice)).phrase("left")
    assert repr(voice) in str(caught.value)


@pytest.mark.parametrize("rate", [80, 450])
def test_both_ends_of_the_rate_are_spoken(make: Make, rate: int) -> None:
    seconds = make(espeak(rate_words_per_minute=rate)).phrase("nobody there, person on the left").seconds
    # Six words; short ones take less time than the average word that the rate counts.
    assert 0.4 < seconds / (6 * 60 / rate) < 1.5


def test_a_text_is_only_text(make: Make) -> None:
    voice = make(espeak())
    assert not voice.phrase("a\0b <b>c</b> [[d]]").silent
    with pytest.raises(SpeechError, match="no sound"):
        voice.phrase("...")


def test_the_voice_and_the_rate_change_without_another_process(make: Make) -> None:
    control = SpeechControl.of(espeak())
    voice = make(espeak(), control)
    english = voice.phrase("hello to you")
    process = voice_process()
    control.voice = "de"
    german = voice.phrase("hello to you")
    control.voice, control.rate_words_per_minute = "en-us", 340
    fast = voice.phrase("hello to you")
    control.rate_words_per_minute = 170
    assert voice.phrase("hello to you") is english
    assert german.samples.tobytes() != english.samples.tobytes()
    assert fast.seconds < 0.7 * english.seconds
    assert voice_process() == process


def test_who_no_longer_waits_gets_away_at_once_and_the_voice_stays_good(make: Make) -> None:
    voice = make(espeak())
    voice.phrase("camera lost")
    process = voice_process()
    os.kill(process, signal.SIGSTOP)
    cut, gone = threading.Event(), threading.Event()

    def ask() -> None:
        with pytest.raises(CutShort):
            voice.phrase("smiling", cut)
        gone.set()

    thread = threading.Thread(target=ask)
    thread.start()
    # What is kept is had at once, though the engine hangs.
    begin = time.monotonic()
    assert not voice.phrase("camera lost").silent
    cut.set()
    assert gone.wait(10.0)
    assert time.monotonic() - begin < 5.0
    thread.join()
    os.kill(process, signal.SIGCONT)
    # The answer to "smiling", which nobody waited for, is not taken for this one's.
    assert voice.phrase("person on the right").seconds > 1.2 * voice.phrase("left").seconds
    assert voice_process() == process


def test_one_that_hung_while_nobody_waited_is_replaced_after_the_deadline_and_not_twice_that(
    make: Make,
) -> None:
    voice = make(espeak(timeout_seconds=2.0))
    voice.phrase("left")
    process = voice_process()
    os.kill(process, signal.SIGSTOP)
    cut = threading.Event()
    cut.set()
    with pytest.raises(CutShort):
        voice.phrase("smiling", cut)
    time.sleep(2.1)
    begin = time.monotonic()
    assert not voice.phrase("frowning").silent
    assert time.monotonic() - begin < 1.9
    assert voice_process() != process


def test_closing_does_not_wait_for_one_that_hangs(make: Make) -> None:
    voice = make(espeak())
    voice.phrase("left")
    os.kill(voice_process(), signal.SIGSTOP)

    def ask() -> None:
        with pytest.raises(CutShort):
            voice.phrase("right")

    thread = threading.Thread(target=ask)
    thread.start()
    assert eventually(lambda: voice._at_work.locked())
    begin = time.monotonic()
    voice.close()
    thread.join(10.0)
    assert time.monotonic() - begin < 10.0
    assert not thread.is_alive()


def test_piper_speaks_with_the_users_voice_at_the_users_pace(make: Make, piper: Path) -> None:
    seconds = []
    for rate in (85, 170, 340):
        settings = SpeechSettings(
            engine="piper", voice_file=str(piper), rate_words_per_minute=rate, timeout_seconds=30.0
        )
        phrase = make(settings).phrase("person ahead")
        assert phrase.sample_rate == 22050
        seconds.append(phrase.seconds)
    assert seconds == pytest.approx([1.2, 0.6, 0.3], rel=0.05)


def test_without_piper_the_sentence_says_what_to_install(
    make: Make, piper: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONPATH")
    monkeypatch.setenv("PYTHONNOUSERSITE", "1")
    settings = SpeechSettings(engine="piper", voice_file=str(piper), timeout_seconds=30.0)
    with pytest.raises(SpeechError, match=r"piper is not installed .* pip install piper-tts"):
        make(settings).phrase("left")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda voice: "", r"set speech\.voice_file to a Piper voice"),
        (lambda voice: f"{voice}x", r"there is no file .*anna\.onnxx;"),
        (lambda voice: str(voice.with_name("anna.onnx.json").rename(voice)), r"no file .*anna\.onnx\.json;"),
        (lambda voice: str(voice) if voice.write_text("a song") else "", r"no Piper voice \(no ONNX model\)"),
    ],
)
def test_a_voice_file_that_is_none_is_named(
    make: Make, piper: Path, change: Callable[[Path], str], words: str
) -> None:
    settings = SpeechSettings(engine="piper", voice_file=change(piper), timeout_seconds=30.0)
    with pytest.raises(SpeechError, match=words):
        make(settings).phrase("left")


def test_of_two_voices_with_one_name_the_first_in_the_list_is_meant() -> None:
    names = VoiceNames([("English", ["en", "en-gb"], "gmw/en"), ("English", ["en"], "gmw/other")])
    assert names.file("english") == names.file("EN-GB") == "gmw/en"
    assert names.file("other+f2") == "gmw/other+f2"
