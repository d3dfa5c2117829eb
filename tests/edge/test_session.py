"""One whole run: what is said when a part fails, and that everything is closed again."""

from __future__ import annotations

import io
import json
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge import wiring
from edge.clips import CLIPS
from edge.cues.catalogue import HEALTH_PHRASES, Catalogue
from edge.errors import (
    BackendError,
    FacecueError,
    ModelError,
    MqttError,
    SettingsError,
    SourceError,
    SpeechError,
)
from edge.session import END_LABELS, Session
from edge.settings import (
    CueSettings,
    ModelSettings,
    MqttSettings,
    Settings,
    SourceSettings,
    SpeechSettings,
)
from edge.speech.synthesis import Synthesiser
from edge.types import Cue

CLIP = str(CLIPS / "single_face.mp4")


class Heard:
    """A sink that keeps what it is told."""

    name = "heard"

    def __init__(self) -> None:
        self.labels: list[str] = []
        self.texts: list[str] = []
        self.closed = 0

    def deliver(self, cue: Cue) -> None:
        self.labels.append(cue.label)
        self.texts.append(cue.text)

    def interrupt(self) -> None: ...

    def close(self) -> None:
        self.closed += 1


def settings(tiny_folder: Path, uri: str = CLIP, **sections: object) -> Settings:
    base = Settings(
        source=SourceSettings(uri=uri),
        model=ModelSettings(folder=str(tiny_folder)),
        speech=SpeechSettings(enabled=False),
    )
    return replace(base, **sections)  # type: ignore[arg-type]


class FailsAt:
    """A device that works for so many frames and then is gone, as a stick pulled out."""

    device = description = "FAKE"

    def __init__(self, real: object, frames: int) -> None:
        self._real = real
        self._left = frames

    def infer(self, image: np.ndarray) -> np.ndarray:
        self._left -= 1
        if self._left < 0:
            raise BackendError("FAKE failed while running (gone)")
        return self._real.infer(image)  # type: ignore[attr-defined,no-any-return]

    def close(self) -> None:
        self._real.close()  # type: ignore[attr-defined]


def test_a_device_that_fails_is_spoken_of_before_the_end(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = wiring.backend
    monkeypatch.setattr(wiring, "backend", lambda *args: FailsAt(real(*args), 3))
    heard = Heard()
    with pytest.raises(BackendError, match="gone"):
        Session(settings(tiny_folder), sinks=[heard]).run()
    assert heard.labels[0] == "ready"
    assert heard.labels[-1] == "device_lost"
    assert heard.closed == 1


@pytest.mark.parametrize(
    ("label", "error", "changes"),
    [
        ("camera_absent", SourceError, {"source": SourceSettings(uri="/nowhere/clip.mp4")}),
        ("cannot_go_on", ModelError, {"model": ModelSettings(folder="/")}),
        ("mqtt_lost", MqttError, {"mqtt": MqttSettings(host="127.0.0.1", port=9)}),
    ],
)
def test_a_start_that_fails_is_spoken_of(
    tiny_folder: Path, label: str, error: type[FacecueError], changes: dict[str, object]
) -> None:
    heard = Heard()
    with pytest.raises(error):
        Session(settings(tiny_folder, **changes), sinks=[heard]).run()
    assert heard.labels[-1] == label
    assert heard.closed == 1


def test_a_run_that_is_stopped_says_so(tiny_folder: Path) -> None:
    heard, stop = Heard(), threading.Event()
    session = Session(settings(tiny_folder), sinks=[heard], stop=stop, watch=lambda *_: stop.set())
    session.run()
    # No stick is there to be found, and a clip is no camera.
    assert heard.labels[:2] == ["ready", "stick_absent"]
    assert heard.labels[-1] == "stopped"
    assert session.frames >= 1


def test_a_replay_says_nothing_of_the_device_itself(tiny_folder: Path) -> None:
    events = io.StringIO()
    session = Session(settings(tiny_folder), replay=True, events=events)
    session.run()
    assert session.frames == 72
    kinds = {json.loads(line)["kind"] for line in events.getvalue().splitlines()}
    assert "person" in kinds and "health" not in kinds


def test_health_is_told_in_the_language_that_is_set_and_by_its_voice(
    tiny_folder: Path, tmp_path: Path
) -> None:
    heard, stop, wav = Heard(), threading.Event(), tmp_path / "said.wav"
    # Of the two engines with this voice the one that sounds the same to the last bit every time.
    voice_settings = SpeechSettings(engine="espeak", timeout_seconds=30.0)
    cues, speech = CueSettings(language="cs"), replace(voice_settings, wav=str(wav))
    czech = Catalogue("cs")
    session = Session(
        settings(tiny_folder, cues=cues, speech=speech),
        sinks=[heard],
        stop=stop,
        watch=lambda *_: stop.set(),
    )
    session.run()
    assert heard.texts[0] == czech.phrase("ready") == "zařízení připraveno"
    voice = Synthesiser(replace(voice_settings, voice=czech.voice))
    try:
        assert voice.phrase(heard.texts[0]).samples.tobytes() in wav.read_bytes()
    finally:
        voice.close()


def test_a_replay_of_a_camera_is_refused_without_its_password(tiny_folder: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        Session(settings(tiny_folder, "rtsp://me:secret@127.0.0.1/x"), replay=True).run()
    assert "secret" not in str(caught.value)


def test_speech_into_a_file_that_cannot_be_written_is_refused(tiny_folder: Path) -> None:
    speech = SpeechSettings(wav="/nowhere/said.wav")
    with pytest.raises(SpeechError, match=r"/nowhere/said\.wav"):
        Session(settings(tiny_folder, speech=speech), replay=True).run()


def test_a_voice_that_is_missing_is_told_through_the_others(tiny_folder: Path) -> None:
    heard = Heard()
    speech = SpeechSettings(player="/nowhere/player")
    session = Session(settings(tiny_folder, speech=speech), sinks=[heard])
    session.run()
    assert "speech_lost" in heard.labels
    assert "/nowhere/player" in session.faults[0]
    assert len(session.faults) == 1


def test_a_broker_that_is_away_is_told_through_the_others(tiny_folder: Path) -> None:
    heard = Heard()
    mqtt = MqttSettings(host="127.0.0.1", port=9, required=False)
    Session(settings(tiny_folder, mqtt=mqtt), sinks=[heard]).run()
    assert "mqtt_lost" in heard.labels
    assert any(label.startswith("person") for label in heard.labels)


def test_every_sink_that_can_fail_has_words_for_it() -> None:
    for name in ("speech", "mqtt", "haptics", "braille"):
        assert {f"{name}_lost", f"{name}_found"} <= set(HEALTH_PHRASES)
    assert {"events_lost", "cannot_go_on", *END_LABELS.values()} <= set(HEALTH_PHRASES)
