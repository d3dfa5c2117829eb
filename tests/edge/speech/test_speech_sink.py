"""The spoken sink: the real voice, and players that are real processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from speech_help import MakePlayer, children, eventually

from edge.cues.catalogue import vocabulary
from edge.errors import SpeechError
from edge.settings import SpeechSettings
from edge.sinks import Sink, SinkWorker
from edge.speech.control import SpeechControl
from edge.speech.make import make_sink as made
from edge.speech.phrase import read_wav
from edge.speech.sink import SpeechSink
from edge.speech.synthesis import Synthesiser
from edge.types import Cue, Priority

SETTINGS = SpeechSettings(timeout_seconds=120.0, earcons=[], pause_seconds=0.0)

MakeSink = Callable[[SpeechSettings], SpeechSink]


def cue(text: str, priority: Priority = Priority.NORMAL) -> Cue:
    now = time.monotonic()
    return Cue("cue", "test", text, priority, now, now + 600.0)


@pytest.fixture
def make_sink() -> Iterator[MakeSink]:
    sinks: list[SpeechSink] = []

    def make(settings: SpeechSettings = SETTINGS) -> SpeechSink:
        sink = made(settings, SpeechControl.of(settings), time.monotonic)
        sinks.append(sink)
        return sink

    yield make
    for sink in sinks:
        sink.close()


def test_cues_are_heard_in_order(make_player: MakePlayer, recorded: Path, make_sink: MakeSink) -> None:
    make_player("aplay", "")
    sink: Sink = make_sink(SETTINGS)
    assert sink.name == "speech"
    voice = Synthesiser(SETTINGS)
    texts = ["person ahead", "smiling", "nobody there"]
    for text in texts:
        sink.deliver(cue(text))
    # 0.wav was the attempt to play silence.
    heard = [read_wav(recorded / f"{n + 1}.wav").seconds for n in range(3)]
    assert heard == pytest.approx([voice.phrase(text).seconds for text in texts], rel=0.05)
    voice.close()


def test_what_was_prepared_needs_no_voice_any_more(
    make_player: MakePlayer, recorded: Path, make_sink: MakeSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_player("aplay", "")
    sink = make_sink(SETTINGS)
    sink.prepare(vocabulary())
    voices = [pid for pid, command in children().items() if "voice_process" in command]
    monkeypatch.setenv("PYTHONPATH", "/nonexistent")
    for text in vocabulary():
        sink.deliver(cue(text))
    assert (recorded / f"{len(vocabulary())}.wav").exists()
    assert [pid for pid, command in children().items() if "voice_process" in command] == voices


def test_a_fault_of_the_voice_shows_when_preparing(make_player: MakePlayer, make_sink: MakeSink) -> None:
    make_player("aplay", "")
    sink = make_sink(SpeechSettings(voice="en-nowhere"))
    with pytest.raises(SpeechError, match="no voice 'en-nowhere'"):
        sink.prepare(["left"])


def test_a_fault_of_the_player_is_raised_and_passes(
    make_player: MakePlayer, recorded: Path, make_sink: MakeSink
) -> None:
    make_player("aplay", 'if [ "$number" = 1 ]; then echo unplugged >&2; exit 1; fi')
    sink = make_sink(SETTINGS)
    with pytest.raises(SpeechError, match="unplugged"):
        sink.deliver(cue("left"))
    sink.deliver(cue("left"))
    assert (recorded / "2.wav").exists()


def test_an_interrupt_that_comes_before_a_cue_begins_is_for_it_unless_it_is_urgent(
    make_player: MakePlayer, recorded: Path, make_sink: MakeSink
) -> None:
    make_player("aplay", 'touch "$recorded/$number.whole"')
    sink = make_sink(SETTINGS)
    sink.interrupt()
    sink.deliver(cue("left"))
    assert not (recorded / "1.wav").exists()
    sink.deliver(cue("left"))
    assert (recorded / "1.whole").exists()
    sink.interrupt()
    sink.deliver(cue("camera lost", Priority.NOW))
    assert (recorded / "2.whole").exists()


def test_an_urgent_cue_cuts_in(make_player: MakePlayer, recorded: Path, make_sink: MakeSink) -> None:
    # The first cue would last as long as the deadline.
    make_player("aplay", 'if [ "$number" = 1 ]; then exec sleep 100; fi; touch "$recorded/$number.whole"')
    sink = make_sink(SETTINGS)
    sink.prepare(["smiling", "camera lost"])
    faults: list[Exception | None] = []
    worker = SinkWorker(sink, time.monotonic, lambda _, fault: faults.append(fault))
    worker.offer(cue("smiling"))
    assert eventually((recorded / "1.wav").exists)
    begin = time.monotonic()
    worker.offer(cue("camera lost", Priority.NOW))
    assert worker.drain(60.0)
    assert time.monotonic() - begin < 30.0
    assert (recorded / "2.whole").exists()
    lost = read_wav(recorded / "2.wav")
    assert np.abs(lost.samples).max() > 1000
    assert faults == []
    worker.close()
