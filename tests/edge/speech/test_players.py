"""Players: real processes on PATH, one of them the real aplay."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from speech_help import MakePlayer, alive, eventually

from edge.errors import SpeechError
from edge.settings import SpeechSettings
from edge.speech.command_player import CommandPlayer
from edge.speech.phrase import Phrase, read_wav
from edge.speech.players import choose_player
from edge.speech.wav_player import WavPlayer

RATE = 22050
TONE = Phrase((8000 * np.sin(np.arange(RATE // 5) * 0.1)).astype(np.int16), RATE)
APLAY = shutil.which("aplay")
PLAIN = SpeechSettings(timeout_seconds=30.0)
real_aplay = pytest.mark.skipif(APLAY is None, reason="aplay (package alsa-utils) is not installed")


def clock() -> float:
    return 0.0


def play(player: CommandPlayer, phrase: Phrase = TONE) -> None:
    player.play(phrase, threading.Event())


def same(path: Path, phrase: Phrase) -> bool:
    heard = read_wav(path)
    return heard.sample_rate == phrase.sample_rate and np.array_equal(heard.samples, phrase.samples)


def test_the_player_gets_every_phrase_in_order(make_player: MakePlayer, recorded: Path) -> None:
    player = CommandPlayer([str(make_player("player", ""))], 30.0)
    phrases = [Phrase(np.full(100 * (n + 1), 1000 + n, np.int16), RATE) for n in range(10)]
    for phrase in phrases:
        play(player, phrase)
    assert all(same(recorded / f"{n}.wav", phrase) for n, phrase in enumerate(phrases))


def test_a_failing_player_is_quoted(make_player: MakePlayer) -> None:
    player = CommandPlayer([str(make_player("player", "echo 'the card is on fire' >&2; exit 3"))], 30.0)
    with pytest.raises(SpeechError, match=r"exit status 3 \(the card is on fire\)"):
        play(player)


def test_a_player_that_is_not_there_is_named() -> None:
    with pytest.raises(SpeechError, match="no-such-player cannot be started"):
        play(CommandPlayer(["no-such-player"], 1.0))


def test_a_player_that_hangs_is_ended_with_what_it_started(make_player: MakePlayer, recorded: Path) -> None:
    player = CommandPlayer([str(make_player("player", 'sleep 100 & echo $! > "$recorded/pid"; wait'))], 1.0)
    with pytest.raises(SpeechError, match="hangs and was ended"):
        play(player)
    pid = int((recorded / "pid").read_text())
    assert eventually(lambda: not alive(pid))


@pytest.mark.parametrize("stubborn", ["", "trap '' TERM;"])
def test_a_cut_ends_the_player_and_is_no_error(
    make_player: MakePlayer, recorded: Path, stubborn: str
) -> None:
    commands = f'{stubborn} echo $$ > "$recorded/pid"; touch "$recorded/ready"; while :; do sleep 0.1; done'
    player = CommandPlayer([str(make_player("player", commands))], 60.0)
    cut, faults = threading.Event(), []

    def run() -> None:
        try:
            player.play(TONE, cut)
        except SpeechError as error:
            faults.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert eventually((recorded / "ready").exists)
    begin = time.monotonic()
    cut.set()
    thread.join(30.0)
    assert not thread.is_alive()
    # 0.1 s on an idle machine; the bound only has to tell it from waiting for the player's own end.
    assert time.monotonic() - begin < 5.0
    assert faults == []
    assert not alive(int((recorded / "pid").read_text()))


def test_a_cut_before_the_start_plays_nothing_to_the_end(make_player: MakePlayer) -> None:
    player = CommandPlayer([str(make_player("player", "exec sleep 100"))], 200.0)
    cut = threading.Event()
    cut.set()
    player.play(TONE, cut)


def test_a_wav_file_of_the_settings_comes_first(make_player: MakePlayer, tmp_path: Path) -> None:
    make_player("aplay", "")
    player = choose_player(SpeechSettings(wav=str(tmp_path / "out.wav")), clock)
    player.close()
    assert isinstance(player, WavPlayer)
    assert player.path == tmp_path / "out.wav"


def test_auto_takes_the_first_that_really_plays(make_player: MakePlayer, recorded: Path) -> None:
    make_player("paplay", "echo 'Connection refused' >&2; exit 1")
    make_player("aplay", "")
    player = choose_player(PLAIN, clock)
    player.play(TONE, threading.Event())
    # paplay's attempt, aplay's attempt, the phrase.
    assert read_wav(recorded / "0.wav").silent and read_wav(recorded / "1.wav").silent
    assert same(recorded / "2.wav", TONE)
    assert not (recorded / "3.wav").exists()


@pytest.mark.usefixtures("programs")
def test_no_player_installed_is_said_so() -> None:
    with pytest.raises(SpeechError, match=r"no sound player is installed .* install the package alsa-utils"):
        choose_player(PLAIN, clock)


def test_no_sound_card_is_another_sentence(make_player: MakePlayer) -> None:
    make_player("aplay", "echo 'aplay: main:831: audio open error' >&2; exit 1")
    with pytest.raises(SpeechError, match=r"no sound output works .*audio open error.* connect a sound card"):
        choose_player(PLAIN, clock)


def test_without_sound_the_fallback_is_a_wav_file(
    make_player: MakePlayer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make_player("aplay", "exit 1")
    player = choose_player(PLAIN, clock, tmp_path / "speech.wav")
    player.close()
    assert isinstance(player, WavPlayer)
    assert "no sound output works" in caplog.text and "speech.wav" in caplog.text


@pytest.mark.parametrize(
    ("named", "words"),
    [("no-such-player", "no-such-player cannot be started"), ("'", "is not a command"), ("", "is empty")],
)
def test_a_player_named_in_the_settings_is_never_replaced(
    make_player: MakePlayer, tmp_path: Path, named: str, words: str
) -> None:
    make_player("aplay", "")
    with pytest.raises(SpeechError, match=words):
        choose_player(SpeechSettings(player=named), clock, tmp_path / "speech.wav")
    assert not (tmp_path / "speech.wav").exists()


def test_a_player_of_the_settings_may_have_options(make_player: MakePlayer, recorded: Path) -> None:
    make_player("mine", 'echo "$1 $2" > "$recorded/options"')
    choose_player(SpeechSettings(player="mine --device 'living room'", timeout_seconds=30.0), clock)
    assert (recorded / "options").read_text() == "--device living room\n"


@real_aplay
def test_real_aplay_without_a_card_fails(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert APLAY is not None
    (programs / "aplay").symlink_to(APLAY)
    configuration = tmp_path / "no-card.conf"
    configuration.write_text('pcm.!default { type hw card "none" }\n')
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(configuration))
    with pytest.raises(SpeechError, match=r"the player aplay failed with exit status 1 .*audio open error"):
        choose_player(PLAIN, clock)


@real_aplay
def test_real_aplay_plays_every_sample(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert APLAY is not None
    (programs / "aplay").symlink_to(APLAY)
    heard = tmp_path / "heard.raw"
    configuration = tmp_path / "file.conf"
    configuration.write_text(
        f'pcm.!default {{ type file slave.pcm {{ type null }} file "{heard}" format "raw" }}\n'
    )
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(configuration))
    player = choose_player(PLAIN, clock)
    player.play(TONE, threading.Event())
    samples = np.frombuffer(heard.read_bytes(), "<i2")
    assert np.array_equal(samples[: len(TONE.samples)], TONE.samples)
