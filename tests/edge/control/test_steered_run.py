"""Whole runs that are steered: a voice that hangs holds up neither the loop nor a command."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from edge import sinks
from edge.clips import CLIPS
from edge.control.commands import Command
from edge.control.control import Answer
from edge.session import Session
from edge.settings import CueSettings, ModelSettings, Settings, SourceSettings, SpeechSettings
from edge.types import Cue

PATIENCE_SECONDS = 20.0
SOON_SECONDS = 1.0
"""A command waits for one picture, and this machine may be busy."""


class Hung:
    """A voice that says its first word for ever, whatever is asked of it."""

    name = "speech"

    def __init__(self) -> None:
        self.end = threading.Event()
        self.begun = threading.Event()

    def deliver(self, cue: Cue) -> None:
        self.begun.set()
        self.end.wait()

    def interrupt(self) -> None: ...

    def close(self) -> None: ...


class Kept:
    """A sink that keeps what it is told."""

    name = "kept"

    def __init__(self) -> None:
        self.cues: list[Cue] = []

    def deliver(self, cue: Cue) -> None:
        self.cues.append(cue)

    def interrupt(self) -> None: ...

    def close(self) -> None: ...


@pytest.mark.parametrize(("asked", "kind"), [(True, "answer"), (False, "health")])
def test_the_end_that_the_user_asked_for_is_an_answer(tiny_folder: Path, asked: bool, kind: str) -> None:
    kept = Kept()
    session = Session(
        Settings(
            source=SourceSettings(uri=str(CLIPS / "langer.mp4")),
            model=ModelSettings(folder=str(tiny_folder)),
            speech=SpeechSettings(enabled=False),
        ),
        sinks=[kept],
    )
    if asked:
        session.control.submit(Command("mute", "on"))
        session.control.submit(Command("quit"))
    else:
        session.watch = lambda *_: session.stop.set()
    session.run()
    # Of an answer while cues are muted, speech says every word.
    assert [cue.kind for cue in kept.cues if cue.label == "stopped"] == [kind]
    assert session.quit is asked and session.voice.muted is asked


def test_commands_are_answered_and_pictures_stay_fresh(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sinks, "JOIN_SECONDS", 0.05)
    monkeypatch.setattr("edge.session.DRAIN_SECONDS", 0.1)
    settings = Settings(
        source=SourceSettings(uri=str(CLIPS / "langer.mp4")),
        model=ModelSettings(folder=str(tiny_folder)),
        cues=CueSettings(levels=[]),
        speech=SpeechSettings(enabled=False),
    )
    hung, ages = Hung(), []
    session = Session(settings, sinks=[hung])
    session.watch = lambda frame, _: ages.append(session.clock() - frame.captured_at)
    thread = threading.Thread(target=session.run, daemon=True)
    thread.start()
    try:
        assert hung.begun.wait(PATIENCE_SECONDS)
        waited = []
        for number in range(40):
            answered = threading.Event()
            answers: list[Answer] = []

            def reply(answer: Answer, to: threading.Event = answered, kept: list[Answer] = answers) -> None:
                kept.append(answer)
                to.set()

            begin = time.monotonic()
            session.control.submit(
                Command(("what_now", "mute", "status", "repeat")[number % 4], "toggle"), reply
            )
            assert answered.wait(PATIENCE_SECONDS)
            waited.append(time.monotonic() - begin)
            assert answers[0].ok
    finally:
        session.stop.set()
        hung.end.set()
        thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()
    assert max(waited) < SOON_SECONDS
    assert len(ages) > 10 and max(ages) < SOON_SECONDS
