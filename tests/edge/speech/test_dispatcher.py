"""Speech Dispatcher: the real one where it is installed, and one that behaves badly."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from speech_help import eventually

from edge.checks import voice as voice_check
from edge.errors import SpeechError
from edge.settings import SpeechSettings
from edge.speech.control import SpeechControl
from edge.speech.dispatcher import DispatcherVoice, rate_of
from edge.speech.engines.base import UnknownVoice
from edge.speech.make import make_speaker

PROGRAM = shutil.which("speech-dispatcher")
MODULE = Path("/usr/lib/speech-dispatcher-modules/sd_espeak-ng")
SETTINGS = SpeechSettings(engine="speech-dispatcher", voice="en-us", timeout_seconds=1.0, earcons=[])
NEVER = threading.Event()


class Dispatcher:
    """Speaks SSIP on a socket of its own, one connection after the other, as far as facecue needs it."""

    def __init__(self, path: Path) -> None:
        self.commands: list[str] = []
        self.said: list[str] = []
        self.mute = False
        self.long = False
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen()
        self._connection: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.hang_up()
        self._thread.join(10.0)

    def hang_up(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(OSError):  # closed already
                self._connection.shutdown(socket.SHUT_RDWR)

    def _run(self) -> None:
        while True:
            try:
                self._connection, _ = self._server.accept()
            except OSError:
                return
            # Closing writes what is left to one who may be gone.
            with contextlib.suppress(OSError), self._connection, self._connection.makefile("rwb") as file:
                for line in file:
                    self._answer(line.decode().rstrip(), file)

    def _answer(self, command: str, file: object) -> None:
        def say(*lines: str) -> None:
            file.write("".join(f"{line}\r\n" for line in lines).encode())  # type: ignore[attr-defined]
            file.flush()  # type: ignore[attr-defined]

        self.commands.append(command)
        if self.mute:
            return
        if command == "SPEAK":
            say("230 OK RECEIVING DATA")
            body = []
            for line in file:  # type: ignore[attr-defined]
                text = line.decode().rstrip("\r\n")
                if text == ".":
                    break
                body.append(text[1:] if text.startswith("..") else text)
            self.said.append("\n".join(body))
            say("225-7", "225 OK MESSAGE QUEUED")
            if not self.long:
                say("702-7", "702-1", "702 END")
        elif command == "CANCEL SELF":
            say("210 OK CANCELED", "703-7", "703-1", "703 CANCELED")
        elif command == "LIST SYNTHESIS_VOICES":
            say("249-Anna\tde\tnone", "249-english-us\ten-us\tnone", "249 OK VOICE LIST SENT")
        else:
            say("208 OK")


def listens(path: Path) -> bool:
    """Whether somebody listens there; the file is there a moment sooner."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


@pytest.fixture
def dispatcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dispatcher]:
    path = tmp_path / "speechd.sock"
    monkeypatch.setenv("SPEECHD_ADDRESS", f"unix_socket:{path}")
    made = Dispatcher(path)
    yield made
    made.close()


@pytest.fixture
def control() -> SpeechControl:
    return SpeechControl.of(SETTINGS)


@pytest.fixture
def voice(control: SpeechControl) -> Iterator[DispatcherVoice]:
    made = make_speaker(SETTINGS, control, time.monotonic)
    assert isinstance(made, DispatcherVoice)
    yield made
    made.close()
    made.close()


def test_what_is_said_goes_there_word_for_word(dispatcher: Dispatcher, voice: DispatcherVoice) -> None:
    for text in ("person ahead", ".", "two\n.lines", "é and 😀"):
        voice.say(text, "", False, NEVER)
    assert dispatcher.said == ["person ahead", ".", "two\n.lines", "é and 😀"]


def test_rate_volume_voice_and_urgency_are_told_and_only_what_changed(
    dispatcher: Dispatcher, voice: DispatcherVoice, control: SpeechControl
) -> None:
    voice.say("left", "", False, NEVER)
    assert "SET SELF LANGUAGE en-us" in dispatcher.commands
    assert {"SET SELF RATE 0", "SET SELF VOLUME 100", "SET SELF PRIORITY message"} <= set(dispatcher.commands)
    dispatcher.commands.clear()
    control.volume, control.rate_words_per_minute = 0.5, 450
    voice.say("left", "", True, NEVER)
    assert dispatcher.commands == [
        "SET SELF RATE 100",
        "SET SELF VOLUME 0",
        "SET SELF PRIORITY important",
        "SPEAK",
    ]
    control.voice = "ANNA"
    voice.say("left", "", False, NEVER)
    assert "SET SELF SYNTHESIS_VOICE Anna" in dispatcher.commands


def test_a_cut_cancels_at_once(dispatcher: Dispatcher, voice: DispatcherVoice) -> None:
    dispatcher.long = True
    cut = threading.Event()
    thread = threading.Thread(target=voice.say, args=("a long story", "", False, cut))
    thread.start()
    assert eventually(lambda: dispatcher.said == ["a long story"])
    begin = time.monotonic()
    cut.set()
    thread.join(10.0)
    assert time.monotonic() - begin < 1.0
    assert dispatcher.commands[-1] == "CANCEL SELF"


def test_one_that_hangs_or_is_gone_is_an_error_and_connected_anew(
    dispatcher: Dispatcher, voice: DispatcherVoice
) -> None:
    voice.say("left", "", False, NEVER)
    dispatcher.mute = True
    with pytest.raises(SpeechError, match="did not answer within 1 s"):
        voice.say("right", "", False, NEVER)
    dispatcher.mute = False
    voice.say("right", "", False, NEVER)
    dispatcher.hang_up()
    with pytest.raises(SpeechError, match=r"gone|ended the connection"):
        voice.say("ahead", "", False, NEVER)
    voice.say("ahead", "", False, NEVER)
    assert dispatcher.said == ["left", "right", "ahead"]


def test_one_that_never_ends_is_an_error(dispatcher: Dispatcher, voice: DispatcherVoice) -> None:
    dispatcher.long = True
    with pytest.raises(SpeechError, match="did not end it within"):
        voice.say("left", "", False, NEVER)


def test_an_unknown_voice_is_named_and_later_given_up(
    dispatcher: Dispatcher, voice: DispatcherVoice, control: SpeechControl
) -> None:
    control.voice = "tlh"
    with pytest.raises(UnknownVoice, match="no voice 'tlh'"):
        voice.say("left", "", False, NEVER)
    control.voice = "de"
    voice.say("left", "", False, NEVER)
    control.voice = "tlh"
    voice.say("right", "", False, NEVER)
    assert (control.voice, dispatcher.said) == ("de", ["left", "right"])


@pytest.mark.usefixtures("programs")
def test_without_it_the_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPEECHD_ADDRESS", f"unix_socket:{tmp_path / 'none'}")
    voice = DispatcherVoice(SETTINGS, SpeechControl.of(SETTINGS))
    with pytest.raises(SpeechError, match="speech-dispatcher is not installed; install the package"):
        voice.say("left", "", False, NEVER)
    assert voice_check.check(SETTINGS).spoken == "no voice"


def test_it_cannot_write_a_file(tmp_path: Path) -> None:
    settings = SpeechSettings(engine="speech-dispatcher", wav=str(tmp_path / "a.wav"))
    with pytest.raises(SpeechError, match=r"cannot write speech\.wav"):
        make_speaker(settings, SpeechControl.of(settings), time.monotonic)


@pytest.mark.parametrize(("pace", "rate"), [(80, -100), (125, -50), (170, 0), (310, 50), (450, 100)])
def test_its_rates_are_those_of_its_espeak_module(pace: int, rate: int) -> None:
    assert rate_of(pace) == rate


@pytest.mark.skipif(
    PROGRAM is None or not MODULE.exists(),
    reason="speech-dispatcher and speech-dispatcher-espeak-ng are not installed",
)
def test_the_real_one_speaks_and_is_cancelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert PROGRAM is not None
    heard = tmp_path / "heard.raw"
    (tmp_path / "asound.conf").write_text(
        f'pcm.!default {{ type file slave.pcm {{ type null }} file "{heard}" format "raw" }}\n'
    )
    (tmp_path / "speechd.conf").write_text(
        f'LogLevel 0\nLogDir "{tmp_path}"\nDefaultModule espeak-ng\n'
        'AddModule "espeak-ng" "sd_espeak-ng" "espeak-ng.conf"\n'
        'AudioOutputMethod "alsa"\nAudioALSADevice "default"\n'
    )
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "espeak-ng.conf").write_text("EspeakMinRate 80\nEspeakMaxRate 449\n")
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(tmp_path / "asound.conf"))
    monkeypatch.setenv("SPEECHD_ADDRESS", f"unix_socket:{tmp_path / 'real.sock'}")
    folders = ["-C", tmp_path, "-S", tmp_path / "real.sock", "-L", tmp_path, "-P", tmp_path / "pid"]
    settings = SpeechSettings(engine="speech-dispatcher", timeout_seconds=30.0, earcons=[])
    voice = DispatcherVoice(settings, SpeechControl.of(settings))
    with subprocess.Popen(
        [PROGRAM, "-s", "-t", "0", *folders], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            assert eventually(lambda: listens(tmp_path / "real.sock"))
            voice.say("person ahead", "", False, NEVER)
            assert eventually(lambda: heard.exists() and heard.stat().st_size > 20_000)
            cut = threading.Event()
            cut.set()
            voice.say("nothing of this", "", True, cut)
            voice.close()
        finally:
            process.terminate()
