"""What the released model says of the bundled clips, through the command line as a user has it.

The times were found by looking at the clips frame by frame.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge.cli import main
from edge.clips import CLIPS
from edge.facs import ACTION_UNITS

SMILE_BEGINS = 18 / 30
"""single_face.mp4 and face_noface.mov: the corners of the mouth begin to rise in frame 18."""
PICTURE_GONE = 68 / 26.4
"""face_noface.mov: the person's last frame."""


def events_of(clip: Path, tmp_path: Path, *options: str) -> list[dict[str, Any]]:
    file = tmp_path / "events.jsonl"
    status = main(["run", "--source", str(clip), "--replay", "--quiet", "--events", str(file), *options])
    assert status == 0
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_a_smile_is_said_within_a_second_and_not_before(tmp_path: Path) -> None:
    events = events_of(CLIPS / "single_face.mp4", tmp_path)
    smiles = [e["t"] for e in events if e["label"] == "smile"]
    assert len(smiles) == 1
    assert SMILE_BEGINS <= smiles[0] <= SMILE_BEGINS + 1.0
    assert [e["kind"] for e in events if e["t"] < SMILE_BEGINS] == ["person"]


def test_a_person_comes_and_goes(tmp_path: Path) -> None:
    events = events_of(CLIPS / "face_noface.mov", tmp_path)
    kinds = [e["kind"] for e in events]
    assert kinds[0] == "person"
    assert kinds[-1] == "no_face"
    assert PICTURE_GONE <= events[-1]["t"] <= PICTURE_GONE + 2.0
    assert kinds.count("person") == kinds.count("no_face") == 1


def test_a_clip_without_a_face_says_nothing(tmp_path: Path) -> None:
    clip = tmp_path / "empty.avi"
    writer = cv2.VideoWriter(str(clip), cv2.VideoWriter.fourcc(*"MJPG"), 20.0, (320, 240))
    rng = np.random.default_rng(3)
    for _ in range(60):
        writer.write(cv2.GaussianBlur(rng.integers(0, 255, (240, 320, 3), dtype=np.uint8), (0, 0), 3))
    writer.release()
    assert events_of(clip, tmp_path) == []


def test_the_actor_is_read_as_a_person_sees_her(tmp_path: Path) -> None:
    """langer.mp4: crying until 6.0 s, a hand over a surprised face until 9.6 s, then laughing."""
    events = events_of(CLIPS / "langer.mp4", tmp_path, "--levels", "movements,emotion")
    named = [(e["t"], e["label"]) for e in events if e["kind"] == "cue"]
    labels = [label for _, label in named]
    assert next(label for label in labels if label in ("sadness", "happiness", "smile")) == "sadness"
    assert min(t for t, label in named if label in ("happiness", "smile")) >= 9.4
    assert all(label != "sadness" for t, label in named if t > 9.6)
    assert any(label == "smile" for t, label in named if 9.6 <= t <= 12.5)
    assert any(label in ("surprise", "brows_raised") and 6.0 <= t <= 9.8 for t, label in named)
    assert not {"anger", "disgust", "contempt"} & set(labels)


def test_a_replay_comes_out_the_same_every_time(tmp_path: Path) -> None:
    def without_latency() -> list[dict[str, Any]]:
        return [{**e, "latency_ms": None} for e in events_of(CLIPS / "single_face.mp4", tmp_path)]

    assert without_latency() == without_latency()


def test_events_have_the_documented_keys(tmp_path: Path) -> None:
    for event in events_of(CLIPS / "single_face.mp4", tmp_path):
        assert list(event) == [
            *("t", "kind", "label", "text", "action_units"),
            *("emotion", "attitude", "confidence", "track", "latency_ms"),
        ]
        assert event["kind"] in ("person", "cue", "no_face", "health")
        assert list(event["action_units"])[: len(ACTION_UNITS)] == list(ACTION_UNITS)
        assert all(0.0 <= p <= 1.0 for p in event["action_units"].values())


def test_speech_of_a_replay_lies_in_the_wav_where_the_cue_fell(tmp_path: Path) -> None:
    pytest.importorskip("pyttsx3")
    import shutil
    import wave

    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed")
    wav = tmp_path / "said.wav"
    events = events_of(CLIPS / "single_face.mp4", tmp_path, "--wav", str(wav))
    with wave.open(str(wav)) as sound:
        rate = sound.getframerate()
        samples = np.frombuffer(sound.readframes(sound.getnframes()), dtype=np.int16).astype(np.int32)
    first, smile = events[0]["t"], next(e["t"] for e in events if e["label"] == "smile")

    def loudness(begin: float, end: float) -> int:
        return int(np.abs(samples[int(begin * rate) : int(end * rate)]).max())

    assert loudness(0.0, first - 0.02) == 0
    assert loudness(first, first + 0.5) > 1000
    assert loudness(smile, smile + 0.6) > 1000
