"""Settings become objects, and a sink that is not there yet may come later."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from edge import card as cards
from edge import golden_check, wiring
from edge.backends import runtimes
from edge.cues.catalogue import PHRASES
from edge.errors import BackendError, ModelError, SpeechError
from edge.model_folder import sha256
from edge.settings import ModelSettings, Settings
from edge.stopwatch import Stopwatch
from edge.types import Cue, Priority

modern = pytest.mark.skipif(
    runtimes.find().name != "openvino", reason="the tiny model has no INT8 network for an older runtime"
)
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


@pytest.fixture
def two_networks(tiny_folder: Path, tmp_path: Path) -> Path:
    """A folder whose INT8 network has right hashes and cannot be loaded, as on some processors."""
    folder = Path(shutil.copytree(tiny_folder, tmp_path / "two"))
    card = cards.read(folder / "card.json")
    good = card.artefacts[next(iter(card.artefacts))]
    (folder / "int8").mkdir()
    (folder / "int8" / "model.xml").write_text("<net/>")
    (folder / "int8" / "model.bin").write_bytes(b"")
    bad = replace(good, network="int8/model.xml", weights="int8/model.bin")
    hashes = {**card.sha256, **{name: sha256(folder / name) for name in bad.files}}
    artefacts = {"int8": bad, **card.artefacts}
    cards.write(replace(card, artefacts=artefacts, sha256=hashes), folder / "card.json")
    return folder


@modern
def test_a_network_that_cannot_be_loaded_gives_way_aloud(two_networks: Path) -> None:
    settings = ModelSettings(folder=str(two_networks), device="CPU")
    first = wiring.model(settings)
    assert first.precision == "int8"
    told: list[tuple[str, str]] = []

    def on_fault(name: str, error: Exception | None) -> None:
        told.append((name, str(error)))

    folder, device = wiring.device(replace(Settings(), model=settings), first, on_fault)
    assert folder.precision == "fp16"
    assert golden_check.check(folder, device).passed
    device.close()
    ((name, words),) = told
    assert name == "network" and "int8" in words
    assert "network_lost" in PHRASES


@modern
def test_a_network_that_is_named_never_gives_way(two_networks: Path) -> None:
    settings = ModelSettings(folder=str(two_networks), device="CPU", precision="int8")
    with pytest.raises(BackendError, match="cannot load"):
        wiring.loaded(settings, wiring.model(settings))


@modern
def test_where_no_network_can_be_loaded_the_first_reason_is_told(two_networks: Path) -> None:
    settings = ModelSettings(folder=str(two_networks), device="GPU.7")
    with pytest.raises(BackendError, match=r"GPU\.7"):
        wiring.loaded(settings, wiring.model(settings))


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
