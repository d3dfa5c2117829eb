"""A net that keeps left and right apart: every way out names the sided units as it names the others."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import tiny_model
from rich.console import Console

from edge import wiring
from edge.cli import main
from edge.clips import CLIPS
from edge.cues.director import CueDirector
from edge.demo_view import DemoView
from edge.emotions import probability
from edge.facs import ACTION_UNITS, EMOTIONS, SIDED_UNITS
from edge.model_folder import open_folder
from edge.mqtt.payloads import encode, event_payload, state_payload
from edge.pipeline import Pipeline, Step
from edge.settings import CueSettings, FacesSettings, ModelSettings, Settings
from edge.sources.clip import ClipReader
from edge.stopwatch import Stopwatch
from edge.types import ActionUnits, Cue, Frame, Priority

UNITS = (*ACTION_UNITS, *SIDED_UNITS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model.build(tmp_path_factory.mktemp("model") / "sided", UNITS)


@pytest.fixture(scope="module")
def seen(folder: Path) -> tuple[Frame, Step]:
    """The first frame of a clip, and what it led to."""
    settings = Settings(
        model=ModelSettings(folder=str(folder)),
        faces=FacesSettings(detect_side_pixels=192),
        cues=CueSettings(levels=["movements", "emotion"]),
    )
    opened = open_folder(folder)
    device = wiring.backend(settings.model, opened)
    reader = ClipReader(CLIPS / "single_face.mp4")
    try:
        pipeline: Pipeline = wiring.pipeline(settings, opened, device, Stopwatch())
        frame = reader.read()
        assert frame is not None
        return frame, pipeline.step(frame, 0.0)
    finally:
        reader.close()
        device.close()


def test_the_table_has_their_columns_behind_the_others(folder: Path, tmp_path: Path) -> None:
    crop = tiny_model.golden_crops()[3]
    cv2.imwrite(str(tmp_path / "face.png"), crop)
    out = tmp_path / "out.csv"
    assert (
        main(["annotate", "--crops", "--model", str(folder), str(tmp_path / "face.png"), "-o", str(out)]) == 0
    )
    with out.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        (row,) = list(reader)
        header = list(reader.fieldnames or [])
    assert header[8 : 8 + len(UNITS)] == list(UNITS)
    assert header[8 + len(UNITS) : 16 + len(UNITS)] == list(EMOTIONS)
    wanted = probability(tiny_model.logits_of(crop, UNITS))
    np.testing.assert_allclose([float(row[unit]) for unit in UNITS], wanted, atol=0.02)
    assert len({row[unit] for unit in SIDED_UNITS}) == len(SIDED_UNITS)


def test_the_live_view_has_words_for_them(seen: tuple[Frame, Step]) -> None:
    frame, step = seen
    assert step.reading is not None
    # Whatever the net says: the sided units come first in what is shown.
    units = ActionUnits({**step.reading.units.scores, **dict.fromkeys(SIDED_UNITS, 0.999)})
    screen = io.StringIO()
    view = DemoView(Stopwatch())
    view._live.console = Console(file=screen, width=160, force_terminal=True)
    with view:
        view.show(frame, replace(step, reading=replace(step.reading, units=units)))
    text = screen.getvalue()
    for unit, words in SIDED_UNITS.items():
        assert unit in text
        assert words in text


def test_payloads_carry_them(seen: tuple[Frame, Step]) -> None:
    reading = seen[1].reading
    cue = Cue("cue", "smile", "smiling", Priority.NORMAL, 1.0, 3.0, reading)
    made = json.loads(encode(event_payload(cue, ("movements",), "now", "stream", 1, None)))
    assert list(made["action_units"]) == list(UNITS)
    state = json.loads(encode(state_payload(cue, True, ("movements",), "now", "stream", 1)))
    assert set(state["action_units"]) == {u for u, p in made["action_units"].items() if p >= 0.5}


def test_cues_are_made_of_the_others(seen: tuple[Frame, Step]) -> None:
    reading = seen[1].reading
    assert reading is not None
    director = CueDirector(CueSettings(levels=["movements", "emotion"], least_quality=0.0))
    labels = [
        cue.label
        for turn in range(30)
        for cue in director.update(reading.face, reading, seen[0].image.shape[1], turn / 10)
    ]
    assert labels[0].startswith("person_")
    assert not {label for label in labels if label.startswith("AU")}
