"""The real stick's driver, without a stick: its own error comes out of the child.

Needs OpenVINO 2021.4.2, the last one whose wheel has the driver.
"""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from stick_help import SETTINGS, Told, supervised

from edge.backends import runtimes
from edge.clips import CLIPS
from edge.errors import StickError
from edge.model_folder import open_folder
from edge.session import Session
from edge.settings import ModelSettings, Settings, SourceSettings, SpeechSettings

RUNTIME = "openvino-2021"
FOLDER = Path(__file__).resolve().parents[1] / "backends" / "tiny"
ABSENT = "Can not init Myriad device: NC_ERROR"

pytestmark = pytest.mark.skipif(
    not any(r.name == RUNTIME and r.installed() for r in runtimes.RUNTIMES),
    reason="OpenVINO 2021.4.2, which has the stick's driver, is not installed",
)


def no_stick() -> bool:
    return not any(device.startswith("MYRIAD") for device in runtimes.find(RUNTIME).devices())


def test_the_drivers_own_error_leads_to_the_processors_answers() -> None:
    if not no_stick():
        pytest.skip("a stick is plugged in")
    folder = open_folder(FOLDER, "auto", runtimes.find(RUNTIME).accepted("MYRIAD"))
    told = Told()
    with supervised(folder, told, runtime=RUNTIME, required=False) as checked:
        assert [checked.ask() for _ in range(3)] == ["CPU"] * 3
    assert told.labels == ["stick_lost"] and ABSENT in told.errors[0]
    with pytest.raises(StickError, match=ABSENT), supervised(folder, told, runtime=RUNTIME):
        pass


def test_a_run_says_that_it_goes_without_the_stick_and_decides_the_same() -> None:
    if not no_stick():
        pytest.skip("a stick is plugged in")

    def run(device: str) -> list[dict[str, object]]:
        events = io.StringIO()
        settings = Settings(
            source=SourceSettings(uri=str(CLIPS / "single_face.mp4")),
            model=ModelSettings(folder=str(FOLDER), runtime=RUNTIME, device=device),
            stick=replace(SETTINGS, required=False),
            speech=SpeechSettings(enabled=False),
        )
        Session(settings, replay=True, events=events).run()
        lines = [json.loads(line) for line in events.getvalue().splitlines()]
        return [{key: value for key, value in line.items() if key != "latency_ms"} for line in lines]

    without, events = run("CPU"), run("MYRIAD")
    said = [event["text"] for event in events if event["kind"] == "health"]
    assert said == ["running without the stick"]
    assert [event for event in events if event["kind"] != "health"] == without
    assert any(event["kind"] == "cue" for event in without)
