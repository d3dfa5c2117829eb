"""Settings become objects, and a sink that is not there yet may come later."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge import wiring
from edge.errors import BackendError, ModelError, SpeechError
from edge.settings import ModelSettings
from edge.stopwatch import Stopwatch
from edge.types import Cue, Priority

CUE = Cue("cue", "smile", "smiling", Priority.NORMAL, 0.0, 2.0)


def test_the_model_and_the_device_are_those_of_the_settings(tiny_folder: Path) -> None:
    settings = ModelSettings(folder=str(tiny_folder), device="CPU", precision="fp16")
    folder = wiring.model(settings)
    assert folder.path == tiny_folder
    device = wiring.backend(settings, folder)
    assert device.device == "CPU"
    device.close()


def test_what_the_settings_name_and_is_not_there_is_refused(tiny_folder: Path) -> None:
    with pytest.raises(ModelError, match="no int8 network"):
        wiring.model(ModelSettings(folder=str(tiny_folder), precision="int8"))
    folder = wiring.model(ModelSettings(folder=str(tiny_folder)))
    with pytest.raises(BackendError, match=r"GPU\.7"):
        wiring.backend(ModelSettings(device="GPU.7"), folder)


class Voice:
    """A sink that writes down what happens to it."""

    name = "voice"

    def __init__(self) -> None:
        self.happened: list[str] = []

    def deliver(self, cue: Cue) -> None:
        self.happened.append(cue.text)

    def interrupt(self) -> None:
        self.happened.append("interrupted")

    def close(self) -> None:
        self.happened.append("closed")


def test_a_late_sink_is_made_once_and_again_only_while_making_it_fails() -> None:
    voice, tries = Voice(), []

    def make() -> Voice:
        tries.append(len(tries))
        if len(tries) < 3:
            raise SpeechError("no sound card yet")
        return voice

    late = wiring.LateSink("speech", make)
    assert tries == []
    late.interrupt()
    for _ in range(2):
        with pytest.raises(SpeechError):
            late.deliver(CUE)
    late.deliver(CUE)
    late.deliver(CUE)
    late.interrupt()
    late.close()
    assert len(tries) == 3
    assert voice.happened == ["smiling", "smiling", "interrupted", "closed"]


def test_a_late_sink_that_was_never_needed_is_never_made() -> None:
    def make() -> Voice:
        raise AssertionError

    wiring.LateSink("speech", make).close()


def test_a_stopwatch_times_what_fails_as_well_and_keeps_the_newest() -> None:
    stopwatch = Stopwatch()
    with pytest.raises(KeyError), stopwatch.stage("net"):
        raise KeyError
    for _ in range(2100):
        with stopwatch.stage("net"):
            pass
    assert len(stopwatch.seconds["net"]) == 2000
    assert min(stopwatch.seconds["net"]) >= 0.0
