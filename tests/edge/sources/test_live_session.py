"""A camera in the street, from its pictures to what is said: it comes, dies, comes back, freezes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from mjpeg_server import MjpegCamera

from edge.clips import CLIPS
from edge.session import Session
from edge.settings import CueSettings, ModelSettings, Settings, SourceSettings, SpeechSettings
from edge.types import Cue

PATIENCE_SECONDS = 40.0


class Heard:
    """A sink that can be waited on."""

    name = "heard"

    def __init__(self) -> None:
        self.labels: list[str] = []
        self._changed = threading.Condition()

    def deliver(self, cue: Cue) -> None:
        with self._changed:
            self.labels.append(cue.label)
            self._changed.notify_all()

    def interrupt(self) -> None: ...

    def close(self) -> None: ...

    def wait(self, label: str) -> None:
        """Until the label was heard; then all that was heard is forgotten."""
        with self._changed:
            assert self._changed.wait_for(lambda: label in self.labels, PATIENCE_SECONDS), self.labels
            self.labels.clear()


def person() -> list[np.ndarray]:
    capture = cv2.VideoCapture(str(CLIPS / "single_face.mp4"))
    frames = []
    while len(frames) < 60:
        good, frame = capture.read()
        if not good:
            break
        frames.append(cv2.resize(frame, (320, 180), interpolation=cv2.INTER_AREA))
    capture.release()
    return frames


@contextmanager
def running(session: Session) -> Iterator[None]:
    thread = threading.Thread(target=session.run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        session.stop.set()
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()


def test_a_camera_that_dies_and_comes_back_is_spoken_of(tiny_folder: Path) -> None:
    frames = person()
    camera = MjpegCamera(draw=lambda number: frames[number % len(frames)])
    heard = Heard()
    settings = Settings(
        source=SourceSettings(uri=camera.uri, reconnect_seconds=0.1, reconnect_most_seconds=0.3),
        model=ModelSettings(folder=str(tiny_folder)),
        cues=CueSettings(levels=[], absent_seconds=0.4),
        speech=SpeechSettings(enabled=False),
    )
    try:
        with running(Session(settings, sinks=[heard])):
            heard.wait("person_ahead")
            camera.die()
            heard.wait("camera_lost")
            threading.Event().wait(2 * settings.cues.absent_seconds)
            camera.start()
            heard.wait("camera_found")
            heard.wait("person_ahead")
            camera.freeze()
            heard.wait("camera_lost")
            # A frozen picture still shows a face, but nobody who is known to be there.
            assert "no_face" not in heard.labels
    finally:
        camera.close()
    assert heard.labels[-1] == "stopped"
