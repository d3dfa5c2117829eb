"""The whole way of a frame: a real clip, the real detector, a real net of a few numbers."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge import loop, wiring
from edge.action_units import ActionUnitNet
from edge.annotation import Annotator
from edge.backends.openvino_core import OpenVinoBackend
from edge.clips import CLIPS
from edge.drawing import annotated
from edge.errors import ModelError
from edge.faces import FaceFinder
from edge.facs import ACTION_UNITS, ATTITUDES, EMOTIONS
from edge.fanout import EventsFile, FanOut
from edge.model_folder import ModelFolder
from edge.pipeline import Pipeline, Step
from edge.settings import CueSettings, FacesSettings, Settings
from edge.sources.folder import INTERVAL_SECONDS, FolderReader
from edge.stopwatch import Stopwatch
from edge.types import UNSURE, Frame

FACES = FacesSettings(detect_side_pixels=192)
"""The face of the clip is large: this is enough, and fast."""
SETTINGS = Settings(faces=FACES, cues=CueSettings(levels=["movements", "emotion"], named_from=0.0))
"""A net of random numbers is seldom sure of itself: here it may speak all the same."""


@pytest.fixture(scope="module")
def clip() -> list[Frame]:
    capture = cv2.VideoCapture(str(CLIPS / "single_face.mp4"))
    try:
        return [Frame(np.asarray(capture.read()[1]), i, i / 30) for i in range(36)]
    finally:
        capture.release()


@pytest.fixture
def stopwatch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def pipeline(tiny: ModelFolder, tiny_device: OpenVinoBackend, stopwatch: Stopwatch) -> Pipeline:
    return wiring.pipeline(SETTINGS, tiny, tiny_device, stopwatch)


class Reader:
    """A clip that is in memory already."""

    def __init__(self, frames: Iterable[Frame]) -> None:
        self._frames = iter(frames)

    def read(self) -> Frame | None:
        return next(self._frames, None)


class Script:
    """A camera that does what a list says: a frame, None for none, "lost" or "found".

    The clock goes on by a quarter of a second with every turn of the loop.
    """

    def __init__(self, turns: Iterable[Frame | str | None]) -> None:
        self._turns = iter(turns)
        self.lost = False
        self.ended = False
        self.now = 0.0

    def latest(self, timeout_seconds: float) -> Frame | None:
        self.now += 0.25
        turn = next(self._turns, "end")
        if isinstance(turn, str):
            self.lost = turn == "lost" or (self.lost and turn != "found")
            self.ended = turn == "end"
            return None
        return None if turn is None else replace(turn, captured_at=self.now)


def test_a_frame_leads_to_a_reading(pipeline: Pipeline, clip: list[Frame], stopwatch: Stopwatch) -> None:
    step = pipeline.step(clip[0], 0.0)
    assert [face.track for face in step.faces] == [1]
    reading = step.reading
    assert reading is not None
    assert list(reading.units.scores) == list(ACTION_UNITS)
    assert all(0.0 <= p <= 1.0 for p in reading.units.scores.values())
    assert reading.emotion.name in (*EMOTIONS, UNSURE)
    assert sum(reading.emotion.probabilities.values()) == pytest.approx(1.0, abs=1e-5)
    assert reading.attitude.name in (*ATTITUDES, UNSURE)
    assert sum(reading.attitude.probabilities.values()) == pytest.approx(1.0, abs=1e-5)
    assert reading.quality > 0.5
    assert reading.face is step.faces[0]
    assert set(stopwatch.seconds) == {"faces", "crop", "action units", "emotion", "cues"}


def test_the_person_keeps_the_number_and_is_told_of_once(pipeline: Pipeline, clip: list[Frame]) -> None:
    steps = [pipeline.step(frame, frame.captured_at) for frame in clip]
    assert {face.track for step in steps for face in step.faces} == {1}
    people = [cue.label for step in steps for cue in step.cues if cue.kind == "person"]
    assert people == ["person_ahead"]


def test_readings_are_smoother_than_single_frames(
    tiny: ModelFolder, tiny_device: OpenVinoBackend, clip: list[Frame]
) -> None:
    def jitter(smoothing_seconds: float) -> float:
        cues = CueSettings(smoothing_seconds=smoothing_seconds)
        made = wiring.pipeline(Settings(faces=FACES, cues=cues), tiny, tiny_device, Stopwatch())
        readings = [made.step(frame, frame.captured_at).reading for frame in clip]
        scores = np.array([list(r.units.scores.values()) for r in readings if r is not None])
        assert len(scores) == len(clip)
        return float(np.abs(np.diff(scores, axis=0)).mean())

    assert jitter(0.5) < 0.5 * jitter(0.0)


def test_pictures_of_nobody_lead_to_nobody_there_and_missing_ones_do_not(
    pipeline: Pipeline, clip: list[Frame]
) -> None:
    empty = np.zeros_like(clip[0].image)
    for start, said in ((0.0, ["no_face"]), (100.0, [])):
        begun = [pipeline.step(frame, start + frame.captured_at) for frame in clip[:20]]
        assert "person_ahead" in [cue.label for step in begun for cue in step.cues]
        heard = []
        for turn in range(40):
            now = start + 1.0 + turn / 10
            step = pipeline.step(Frame(empty, 0, now) if said else None, now)
            assert step.faces == []
            assert step.reading is None
            heard += [cue.label for cue in step.cues]
        assert heard == said


def test_a_model_without_the_units_of_movements_is_refused_where_they_are_wanted(
    tiny: ModelFolder, tiny_device: OpenVinoBackend, stopwatch: Stopwatch
) -> None:
    units = tuple(u for u in tiny.card.action_units if u not in ("AU04", "AU27"))
    net = ActionUnitNet(tiny_device, replace(tiny.card, action_units=units))

    def made(*levels: str) -> Pipeline:
        cues = CueSettings(levels=list(levels))
        return Pipeline(FaceFinder(FACES), net, tiny.emotion_stage, cues, stopwatch)

    with pytest.raises(ModelError, match="the model tiny lacks AU04, AU27, which the movements need: "):
        made("movements", "attitude")
    made("attitude")


def test_no_picture_at_all_says_nothing(pipeline: Pipeline) -> None:
    assert [pipeline.step(None, turn / 4).cues for turn in range(40)] == [[]] * 40


def replayed(folder: ModelFolder, device: OpenVinoBackend, clip: list[Frame]) -> list[dict[str, object]]:
    stream, clock, stopwatch = io.StringIO(), loop.ReplayClock(), Stopwatch()
    pipeline = wiring.pipeline(SETTINGS, folder, device, stopwatch)
    fan_out = FanOut(EventsFile(stream))
    count = loop.replay(Reader(clip), pipeline, fan_out, clock, stopwatch, threading.Event())
    assert count == len(clip)
    assert clock.now == clip[-1].captured_at
    assert len(stopwatch.seconds["frame"]) == count
    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    for event in events:
        assert 0.0 <= event.pop("latency_ms") < 60_000
    return events


def test_a_replay_comes_out_the_same_every_time(
    tiny: ModelFolder, tiny_device: OpenVinoBackend, clip: list[Frame]
) -> None:
    first = replayed(tiny, tiny_device, clip)
    assert first
    assert first[0]["label"] == "person_ahead"
    assert replayed(tiny, tiny_device, clip) == first


def test_every_picture_of_a_folder_tells_of_its_person_first(
    tiny: ModelFolder, tiny_device: OpenVinoBackend, clip: list[Frame], tmp_path: Path
) -> None:
    empty = np.zeros_like(clip[0].image)
    for name, image in {"1": clip[0].image, "2": clip[0].image, "3": empty, "4": clip[9].image}.items():
        cv2.imwrite(str(tmp_path / f"{name}.png"), image)
    for path, heard in ((tmp_path, {0, 1, 3}), (tmp_path / "4.png", {0})):
        fan_out, clock = FanOut(None), loop.ReplayClock()
        pipeline = wiring.pipeline(SETTINGS, tiny, tiny_device, Stopwatch())
        loop.replay(FolderReader(path), pipeline, fan_out, clock, Stopwatch(), threading.Event())
        said: dict[int, list[str]] = {}
        for cue in fan_out.sent:
            said.setdefault(int(cue.created_at // INTERVAL_SECONDS), []).append(cue.label)
        assert set(said) == heard
        assert all(labels[0] == "person_ahead" for labels in said.values())


def test_a_replay_stops_when_it_is_told_to(pipeline: Pipeline, clip: list[Frame]) -> None:
    stop = threading.Event()

    def watch(frame: Frame, step: Step) -> None:
        if frame.index == 4:
            stop.set()

    count = loop.replay(Reader(clip), pipeline, FanOut(None), loop.ReplayClock(), Stopwatch(), stop, watch)
    assert count == 5


def run_live(pipeline: Pipeline, script: Script) -> tuple[int, list[str]]:
    fan_out = FanOut(None)
    clock: loop.Clock = lambda: script.now  # noqa: E731
    count = loop.live(script, pipeline, fan_out, clock, Stopwatch(), threading.Event())
    return count, [cue.label for cue in fan_out.sent]


def test_a_camera_that_is_lost_and_found_is_told_of_once_each(pipeline: Pipeline, clip: list[Frame]) -> None:
    turns = [*clip[:6], "lost", *[None] * 20, "found", *clip[6:12]]
    count, said = run_live(pipeline, Script(turns))
    assert count == 12
    people = [label for label in said if label in ("person_ahead", "no_face", "camera_lost", "camera_found")]
    assert people == ["person_ahead", "camera_lost", "camera_found", "person_ahead"]


def test_a_camera_slower_than_the_loop_shows_people_too(pipeline: Pipeline, clip: list[Frame]) -> None:
    turns = [turn for frame in clip[:8] for turn in (frame, None)]
    count, said = run_live(pipeline, Script(turns))
    assert count == 8
    assert said[0] == "person_ahead"
    assert "no_face" not in said


def test_health_is_urgent_and_does_not_expire_at_once() -> None:
    cue = loop.health("camera_lost", 5.0)
    assert (cue.kind, cue.text, cue.created_at) == ("health", "camera lost", 5.0)
    assert cue.expires_at > 10.0


def test_drawing_leaves_the_frame_alone(pipeline: Pipeline, clip: list[Frame]) -> None:
    step = pipeline.step(clip[0], 0.0)
    before = clip[0].image.copy()
    drawn = annotated(clip[0], step)
    np.testing.assert_array_equal(clip[0].image, before)
    assert drawn.shape == before.shape
    box = step.faces[0].box
    edge = drawn[round(box.y + box.height / 2), round(box.x)]
    assert (edge != before[round(box.y + box.height / 2), round(box.x)]).any()


@pytest.fixture
def annotator(tiny: ModelFolder, tiny_device: OpenVinoBackend) -> Annotator:
    return Annotator(FaceFinder(FACES), ActionUnitNet(tiny_device, tiny.card), tiny.emotion_stage)


def check_row(annotator: Annotator, row: dict[str, str]) -> None:
    assert list(row) == annotator.columns
    assert sum(float(row[e]) for e in EMOTIONS) == pytest.approx(1.0, abs=1e-5)
    attitudes = sum(float(row[a]) for a in ("positive", "neutral_attitude", "negative"))
    assert attitudes == pytest.approx(1.0, abs=1e-5)
    assert all(0.0 <= float(row[unit]) <= 1.0 for unit in ACTION_UNITS)


def test_annotation_has_one_row_per_face(annotator: Annotator, clip: list[Frame]) -> None:
    (row,) = annotator.faces("a.mp4", clip[7])
    check_row(annotator, row)
    assert (row["file"], row["frame"], row["face"]) == ("a.mp4", "7", "0")
    assert 100 < float(row["w"]) < 250
    assert annotator.faces("b.png", replace(clip[0], image=np.zeros((50, 50, 3), np.uint8))) == []


@pytest.mark.parametrize("shape", [(48, 48), (48, 48, 3), (1, 1, 3), (200, 100, 3)])
def test_annotation_takes_crops_of_any_size(annotator: Annotator, shape: tuple[int, ...]) -> None:
    crop = np.random.default_rng(5).integers(0, 256, shape, dtype=np.uint8)
    row = annotator.crop("face.png", crop)
    check_row(annotator, row)
    assert (row["x"], row["w"], row["h"]) == ("0.0", f"{shape[1]}.0", f"{shape[0]}.0")
