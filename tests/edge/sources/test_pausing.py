"""A pause closes the camera and takes no picture; the run goes on after it as if nothing had been."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from mjpeg_server import MjpegCamera
from test_live_session import Heard, person, running

from edge.control.commands import Command
from edge.control.control import Answer
from edge.paced import PacedFrames
from edge.session import Session
from edge.settings import CueSettings, ModelSettings, Settings, SourceSettings, SpeechSettings
from edge.sources.grabber import Grabber
from edge.sources.open import open_source
from edge.sources.pausable import Pausable
from edge.types import Frame

PATIENCE_SECONDS = 20.0


class Watched(MjpegCamera):
    """A camera that knows how many look through it."""

    def __init__(self, *args: object, **named: object) -> None:
        self.looking = 0
        super().__init__(*args, **named)  # type: ignore[arg-type]

    def _answer(self, request: object) -> None:
        self.looking += 1
        try:
            super()._answer(request)  # type: ignore[arg-type]
        finally:
            self.looking -= 1

    def wait_looking(self, count: int) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.looking != count:
            assert time.monotonic() < deadline, f"{self.looking} look through the camera, not {count}"
            time.sleep(0.01)


def source(camera: MjpegCamera) -> SourceSettings:
    return SourceSettings(uri=camera.uri, reconnect_seconds=0.1, reconnect_most_seconds=0.3)


def test_a_paused_source_is_closed_and_opened_again() -> None:
    camera = Watched()
    settings = source(camera)

    def grab() -> Grabber:
        return Grabber(lambda: open_source(settings), settings)

    frames = Pausable(grab, grab())
    try:
        assert frames.latest(PATIENCE_SECONDS) is not None
        assert frames.pause() and frames.pause()
        camera.wait_looking(0)
        assert frames.latest(0.2) is None
        assert not frames.lost and camera.looking == 0
        frames.resume()
        frames.resume()
        assert frames.latest(PATIENCE_SECONDS) is not None
        assert camera.looking == 1
    finally:
        frames.close()
        camera.close()
    assert frames.latest(0.0) is None


def test_a_clip_stands_still_while_it_is_paused() -> None:
    now, frames = [0.0], iter(range(1000))

    class Clip:
        def read(self) -> Frame:
            number = next(frames)
            return Frame(None, number, number / 10)  # type: ignore[arg-type]  no picture is looked at

    paced = PacedFrames(Clip(), lambda: now[0], lambda seconds: None)
    paced.latest(1.0)
    now[0] = 0.55
    shown = paced.latest(1.0)
    assert shown is not None and shown.index == 5
    assert paced.pause()
    now[0] = 90.0
    paced.resume()
    shown = paced.latest(1.0)
    assert shown is not None and (shown.index, shown.captured_at) == (6, 90.0)


def test_a_run_is_paused_and_goes_on(tiny_folder: Path) -> None:
    frames = person()
    camera = Watched(draw=lambda number: frames[number % len(frames)])
    heard, seen, answered = Heard(), [0], threading.Event()
    settings = Settings(
        source=source(camera),
        model=ModelSettings(folder=str(tiny_folder)),
        cues=CueSettings(levels=[], absent_seconds=0.4),
        speech=SpeechSettings(enabled=False),
    )

    def count(*_: object) -> None:
        seen[0] += 1

    session = Session(settings, sinks=[heard], watch=count)

    def tell(name: str, value: str | None = None) -> str:
        answers: list[Answer] = []
        answered.clear()
        session.control.submit(Command(name, value), lambda answer: (answers.append(answer), answered.set()))
        assert answered.wait(PATIENCE_SECONDS)
        return answers[0].text

    try:
        with running(session):
            heard.wait("person_ahead")
            assert tell("what_now").startswith("person ahead")
            assert tell("pause", "on") == "paused"
            camera.wait_looking(0)
            before = seen[0]
            time.sleep(0.6)
            assert seen[0] == before
            assert tell("what_now") == "paused"
            assert tell("pause", "off") == "running again"
            # Whoever is there is told of again: one may have changed in between.
            heard.wait("person_ahead")
            assert not {"no_face", "camera_lost"} & set(heard.labels)
            # A camera that was lost when the pause began is not called back by it.
            camera.die()
            heard.wait("camera_lost")
            assert tell("pause", "on") == "paused"
            assert tell("status") == "paused, camera lost"
            assert tell("pause", "off") == "running again"
            heard.wait("camera_lost")
            camera.start()
            heard.wait("camera_found")
            assert tell("quit") == ""
            heard.wait("stopped")
    finally:
        camera.close()
