"""The event dict: what the events file and MQTT share."""

from __future__ import annotations

import json

import numpy as np

from edge.events import action_units, event
from edge.types import ActionUnits, Attitude, Box, Cue, Emotion, Face, Priority, Reading

KEYS = [
    "t", "kind", "label", "text", "action_units", "emotion", "attitude", "confidence", "track", "latency_ms",
]  # fmt: skip


def reading(track: int = 3) -> Reading:
    # numpy scalars on purpose: the net's outputs are float32, which json refuses.
    scores = {"AU06": np.float32(0.5), "AU12": np.float32(0.93456), "AU45": np.float32(0.4999)}
    return Reading(
        Face(Box(1, 2, 30, 40), np.zeros((5, 2), np.float32), 0.9, track),
        ActionUnits(scores),
        Emotion("happiness", 0.87654, {"happiness": 0.87654}),
        Attitude("positive", 0.91, {"positive": 0.91}),
        0.8,
        7.1,
    )


def cue(of: Reading | None) -> Cue:
    return Cue("cue", "smile", "smiling", Priority.NORMAL, 7.12345, 9.1, of)


def test_every_field_of_a_cue_about_a_face() -> None:
    made = event(cue(reading()), 41.27)
    assert list(made) == KEYS
    assert json.loads(json.dumps(made)) == {
        "t": 7.123,
        "kind": "cue",
        "label": "smile",
        "text": "smiling",
        "action_units": {"AU06": 0.5, "AU12": 0.935, "AU45": 0.5},
        "emotion": "happiness",
        "attitude": "positive",
        "confidence": 0.877,
        "track": 3,
        "latency_ms": 41.3,
    }


def test_a_cue_without_a_face_has_the_same_keys_and_nulls() -> None:
    made = event(Cue("health", "camera_lost", "camera lost", Priority.NOW, 2.0, 4.0), None)
    assert list(made) == KEYS
    assert made["t"] == 2.0
    assert made["kind"] == "health"
    assert all(made[key] is None for key in KEYS[4:])


def test_without_the_emotion_confidence_is_that_of_the_attitude() -> None:
    made = event(cue(reading()), None, ["movements", "attitude"])
    assert list(made) == KEYS
    assert made["emotion"] is None
    assert made["confidence"] == 0.91
    assert "happiness" not in json.dumps(made)


def test_with_movements_alone_nothing_inferred_is_told() -> None:
    made = event(cue(reading()), None, ["movements"])
    assert list(made) == KEYS
    assert (made["emotion"], made["attitude"], made["confidence"]) == (None, None, None)
    assert made["action_units"] == event(cue(reading()), None)["action_units"]


def test_the_emotion_brings_the_attitude_it_is_summed_up_to() -> None:
    made = event(cue(reading()), None, ["emotion"])
    assert (made["emotion"], made["attitude"], made["confidence"]) == ("happiness", "positive", 0.877)


def test_a_face_not_tracked_has_no_track() -> None:
    assert event(cue(reading(track=-1)), None)["track"] is None
    assert event(cue(reading(track=0)), None)["track"] == 0


def test_units_from_a_threshold_up() -> None:
    assert action_units(reading(), 0.5) == {"AU06": 0.5, "AU12": 0.935}
