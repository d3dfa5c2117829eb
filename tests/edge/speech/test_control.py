"""Rate, volume, voice, pause and mute, changed while it speaks."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from speech_help import eventually

from edge.errors import SettingsError, SpeechError
from edge.settings import SpeechSettings
from edge.speech.control import SpeechControl, VoiceState
from edge.speech.phrase import Phrase
from edge.speech.preparation import Preparation
from edge.speech.sink import SpeechSink
from edge.speech.speaker import PlayedVoice
from edge.speech.synthesis import Synthesiser
from edge.types import Cue, Priority

SETTINGS = SpeechSettings(engine="espeak", voice="en-us", timeout_seconds=30.0, pause_seconds=0.0, earcons=[])


@dataclass
class Ear:
    """A player that keeps what it is given; play waits for `go`."""

    heard: list[Phrase] = field(default_factory=list)
    whole: int = 0
    go: threading.Event = field(default_factory=threading.Event)
    fault: Exception | None = None

    def play(self, phrase: Phrase, cut: threading.Event) -> None:
        if self.fault is not None:
            raise self.fault
        self.heard.append(phrase)
        while not self.go.is_set():
            if cut.wait(0.005):
                return
        self.whole += 1

    def close(self) -> None: ...


@dataclass
class Mouth:
    """A speaker that keeps what it is told to say and to prepare."""

    said: list[str] = field(default_factory=list)
    prepared: list[tuple[str, int]] = field(default_factory=list)
    control: SpeechControl = field(default_factory=SpeechControl)

    def say(self, text: str, earcon: str, urgent: bool, cut: threading.Event) -> None:
        self.said.append(f"{earcon}:{text}" if earcon else text)

    def prepare(self, text: str, cut: threading.Event) -> None:
        self.prepared.append((text, self.control.rate_words_per_minute))

    def close(self) -> None: ...


def cue(text: str, kind: str = "cue", priority: Priority = Priority.NORMAL, label: str = "test") -> Cue:
    return Cue(kind, label, text, priority, 0.0, 1e9)


@pytest.fixture
def control() -> SpeechControl:
    return SpeechControl.of(SETTINGS)


@pytest.fixture
def ear() -> Ear:
    made = Ear()
    made.go.set()
    return made


@pytest.fixture
def sink(control: SpeechControl, ear: Ear) -> Iterator[SpeechSink]:
    made = SpeechSink(PlayedVoice(Synthesiser(SETTINGS, control), ear, control, True), control, ["error"])
    yield made
    made.close()


def test_it_begins_as_the_settings_say_and_the_language_fills_in_the_voice() -> None:
    made = SpeechControl.of(SpeechSettings(volume=0.4, rate_words_per_minute=300), "cs")
    assert made.state == VoiceState("cs", 300, 0.4, 0.15, muted=False)
    assert SpeechControl.of(SpeechSettings(voice="de"), "cs").voice == "de"


@pytest.mark.parametrize(
    ("name", "value"),
    [("rate_words_per_minute", 79), ("rate_words_per_minute", 451), ("volume", 1.1), ("pause_seconds", -1.0)],
)
def test_what_is_out_of_range_is_refused_and_changes_nothing(
    control: SpeechControl, name: str, value: float
) -> None:
    before = control.state
    with pytest.raises(SettingsError, match=rf"speech\.{name}: .* is not between"):
        setattr(control, name, value)
    assert control.state == before


def test_steps_end_at_the_limits_and_say_so(control: SpeechControl) -> None:
    for step, name, limit in (
        (control.faster, "rate_words_per_minute", 450),
        (control.slower, "rate_words_per_minute", 80),
        (control.quieter, "volume", 0.1),
        (control.louder, "volume", 1.0),
    ):
        values = [getattr(control, name)]
        while step():
            values.append(getattr(control, name))
            assert len(values) < 25
        assert values[-1] == limit == getattr(control, name)
        assert len(set(values)) == len(values)


def test_whoever_wants_to_know_is_told_of_every_change_and_of_nothing_else(control: SpeechControl) -> None:
    told: list[VoiceState] = []
    control.on_change(told.append)
    control.volume = 0.5
    control.volume = 0.5
    control.muted = True
    assert [state.muted for state in told] == [False, True]
    control.forget(told.append)
    control.muted = False
    assert len(told) == 2


def test_many_threads_lose_no_step(control: SpeechControl) -> None:
    control.volume = 0.1
    threads = [threading.Thread(target=control.louder) for _ in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert control.volume == pytest.approx(1.0)


def test_rate_and_volume_count_from_the_next_cue_on(
    sink: SpeechSink, ear: Ear, control: SpeechControl
) -> None:
    sink.deliver(cue("person on the left"))
    control.rate_words_per_minute = 340
    sink.deliver(cue("person on the left"))
    control.rate_words_per_minute = 170
    control.volume = 0.5
    sink.deliver(cue("person on the left"))
    control.volume = 0.0
    sink.deliver(cue("person on the left"))
    first, fast, quiet, nothing = ear.heard
    assert fast.seconds < 0.7 * first.seconds
    assert quiet.seconds == first.seconds
    assert quiet.loudness == pytest.approx(first.loudness / 2, rel=0.02)
    assert nothing.silent


def test_a_voice_that_is_not_there_is_given_up_for_the_last_one(
    sink: SpeechSink, ear: Ear, control: SpeechControl, caplog: pytest.LogCaptureFixture
) -> None:
    sink.deliver(cue("left"))
    control.voice = "nobody"
    sink.deliver(cue("right"))
    assert control.voice == "en-us"
    assert not ear.heard[-1].silent
    assert "no voice 'nobody'" in caplog.text and "the voice stays en-us" in caplog.text


def test_without_any_voice_an_error_is_heard_at_least_but_not_every_time(
    sink: SpeechSink, ear: Ear, control: SpeechControl
) -> None:
    control.voice = "nobody"
    for _ in range(3):
        with pytest.raises(SpeechError, match="no voice 'nobody'"):
            sink.deliver(cue("left"))
    assert len(ear.heard) == 1
    assert 0.1 < ear.heard[0].seconds <= 0.15


def test_a_player_that_fails_is_not_asked_for_an_earcon(sink: SpeechSink, ear: Ear) -> None:
    ear.fault = SpeechError("no sound card")
    with pytest.raises(SpeechError, match="no sound card"):
        sink.deliver(cue("left"))


def test_muted_only_answers_are_said(control: SpeechControl) -> None:
    mouth = Mouth()
    sink = SpeechSink(mouth, control)
    control.muted = True
    sink.deliver(cue("smiling"))
    sink.deliver(cue("camera lost", "health", Priority.NOW))
    sink.deliver(cue("muted", "answer", Priority.NOW))
    control.muted = False
    sink.deliver(cue("frowning"))
    assert mouth.said == ["muted", "frowning"]


def test_muting_cuts_what_is_being_said_but_no_answer(
    sink: SpeechSink, ear: Ear, control: SpeechControl
) -> None:
    ear.go.clear()
    for number, (kind, whole) in enumerate((("cue", 0), ("answer", 1)), start=1):
        thread = threading.Thread(target=sink.deliver, args=(cue("left", kind),), daemon=True)
        thread.start()
        assert eventually(lambda number=number: len(ear.heard) == number)  # type: ignore[misc]
        control.muted = True
        if kind == "answer":
            ear.go.set()
        thread.join(30.0)
        assert not thread.is_alive()
        assert ear.whole == whole
        control.muted = False


def test_between_two_cues_is_a_pause_that_an_urgent_one_does_not_keep() -> None:
    control = SpeechControl(VoiceState(pause_seconds=0.3))
    mouth = Mouth()
    sink = SpeechSink(mouth, control)
    begin = time.monotonic()
    sink.deliver(cue("one"))
    sink.deliver(cue("two"))
    assert time.monotonic() - begin >= 0.3
    control.pause_seconds = 10.0
    begin = time.monotonic()
    sink.deliver(cue("now", priority=Priority.NOW))
    assert time.monotonic() - begin < 5.0
    threading.Timer(0.1, sink.interrupt).start()
    sink.deliver(cue("cut while it waits"))
    assert time.monotonic() - begin < 5.0
    assert mouth.said == ["one", "two", "now"]
    hasty = SpeechSink(mouth, control, rests=False)
    hasty.deliver(cue("three"))
    hasty.deliver(cue("four"))
    assert time.monotonic() - begin < 5.0


def test_earcons_go_before_the_words_as_one_sound(ear: Ear, control: SpeechControl) -> None:
    mouth = Mouth()
    SpeechSink(mouth, control, ["person"]).deliver(cue("person ahead", "person"))
    SpeechSink(mouth, control, []).deliver(cue("person ahead", "person"))
    assert mouth.said == ["person:person ahead", "person ahead"]
    voice = PlayedVoice(Synthesiser(SETTINGS, control), ear, control)
    voice.say("person ahead", "", False, threading.Event())
    voice.say("person ahead", "person", False, threading.Event())
    voice.close()
    plain, heralded = ear.heard
    assert heralded.seconds - plain.seconds == pytest.approx(0.16, abs=0.02)


def test_the_vocabulary_is_prepared_anew_when_the_rate_changes() -> None:
    mouth = Mouth()
    preparation = Preparation(mouth, ["left", "right"], mouth.control)
    assert eventually(lambda: mouth.prepared == [("left", 170), ("right", 170)])
    mouth.control.volume = 0.5
    mouth.control.rate_words_per_minute = 200
    assert eventually(lambda: mouth.prepared[2:] == [("left", 200), ("right", 200)])
    preparation.close()
    mouth.control.rate_words_per_minute = 220
    assert len(mouth.prepared) == 4
