"""A whole run with a stick: the same decisions, and its health said and published."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from stick_help import FIRST, Told

from edge import wiring
from edge.backends.fake_stick import ABSENT, VARIABLE
from edge.clips import CLIPS
from edge.cues.catalogue import HEALTH_PHRASES
from edge.errors import StickError
from edge.model_folder import ModelFolder
from edge.session import Session
from edge.settings import ModelSettings, Settings, SourceSettings, SpeechSettings, StickSettings
from edge.stick.supervised import NAME
from edge.types import Cue

ROOT = Path(__file__).resolve().parents[3]
CLIP = CLIPS / "single_face.mp4"
LOST_AT = 20


def run(folder: Path, events: Path, device: str, script: str = "") -> list[dict[str, Any]]:
    """What `facecue run --replay` publishes, without what depends on the machine."""
    options = ["--replay", "--no-speech", "--quiet", "--source", str(CLIP), "--events", str(events)]
    done = subprocess.run(
        [sys.executable, "-m", "edge.cli", "run", "--model", str(folder), "--device", device, *options],
        cwd=ROOT,
        env={**os.environ, VARIABLE: script, "FACECUE_MODEL__RUNTIME": "fake"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()]
    return [{key: value for key, value in line.items() if key != "latency_ms"} for line in lines]


def test_a_stick_that_dies_in_the_middle_changes_no_decision(tiny_folder: Path, tmp_path: Path) -> None:
    without = run(tiny_folder, tmp_path / "without.jsonl", "CPU")
    script = f"boot=0.2s;reenumerate=0.2s;die_at={FIRST + LOST_AT}"
    events = run(tiny_folder, tmp_path / "with.jsonl", "MYRIAD", script)
    health = [event for event in events if event["kind"] == "health"]
    assert [event["text"] for event in health] == ["running without the stick"]
    assert 0.0 < health[0]["t"] < 2.0, "in the middle of the clip"
    assert [event for event in events if event["kind"] != "health"] == without
    assert {event["kind"] for event in without} >= {"person", "cue"}


def settings(folder: Path, **stick: object) -> Settings:
    return Settings(
        source=SourceSettings(uri=str(CLIP)),
        model=ModelSettings(folder=str(folder), runtime="fake", device="MYRIAD"),
        stick=replace(StickSettings(), **stick),  # type: ignore[arg-type]
        speech=SpeechSettings(enabled=False),
    )


class Heard:
    """A sink that keeps what it is told."""

    name = "heard"

    def __init__(self) -> None:
        self.texts: list[str] = []

    def deliver(self, cue: Cue) -> None:
        self.texts.append(cue.text)

    def interrupt(self) -> None: ...

    def close(self) -> None: ...


def test_a_stick_that_is_named_and_absent_is_one_error_that_is_spoken(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "absent;patience=0s")
    heard = Heard()
    with pytest.raises(StickError, match=ABSENT):
        Session(settings(tiny_folder), sinks=[heard]).run()
    assert heard.texts == ["no stick"]


def test_where_it_is_not_required_the_run_begins_without_it_and_says_so(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "absent;patience=0s")
    heard = Heard()
    session = Session(settings(tiny_folder, required=False), sinks=[heard], replay=True)
    session.run()
    assert session.frames == 72
    assert heard.texts.count("running without the stick") == 1
    assert "person ahead" in heard.texts
    assert len(session.faults) == 1 and ABSENT in session.faults[0]


def test_auto_takes_a_stick_that_is_there_and_does_without_one(
    tiny: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    auto = settings(tiny.path)
    auto = replace(auto, model=replace(auto.model, device="auto"))
    _, device = wiring.device(auto, tiny, Told(), wait_for_boot=True)
    assert "MYRIAD" in device.description
    device.close()
    unread = replace(auto, model=replace(auto.model, precision="int8"))
    _, device = wiring.device(unread, tiny, Told())
    assert (device.device, "MYRIAD" in device.description) == ("CPU", False), "it has no such network"
    device.close()
    monkeypatch.setenv(VARIABLE, "absent;patience=0s")
    _, device = wiring.device(auto, tiny, Told())
    assert (device.device, "MYRIAD" in device.description) == ("CPU", False)
    device.close()


def test_the_stick_has_words_for_its_health() -> None:
    assert HEALTH_PHRASES[f"{NAME}_lost"] == "running without the stick"
    assert HEALTH_PHRASES[f"{NAME}_found"] == "stick is back"
