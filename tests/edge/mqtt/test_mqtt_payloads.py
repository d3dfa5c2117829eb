"""The payloads, without a broker."""

from __future__ import annotations

import json
import re

import pytest
from realbroker import camera_lost, gone, smile

from edge.mqtt.outbox import Counts
from edge.mqtt.payloads import (
    encode,
    event_payload,
    health_payload,
    person_after,
    state_payload,
    timestamp,
)
from edge.types import Cue, Priority

ALL = ("movements", "attitude", "emotion")
DEFAULT = ("movements", "attitude")
STREAM = "0ba7dfb1"
TS = "2026-01-31T12:00:00.123Z"


def test_state_of_a_smile() -> None:
    assert json.loads(encode(state_payload(smile(), True, ALL, TS, STREAM, 5, {"muted": True}))) == {
        "v": 1,
        "person": True,
        "kind": "cue",
        "label": "smile",
        "text": "smiling",
        "phrases": ["smile"],
        "attitude": "positive",
        "emotion": "happiness",
        "action_units": {"AU06": 0.71, "AU12": 0.935},
        "ts": TS,
        "stream": STREAM,
        "seq": 5,
        "set": {"muted": True},
    }


def test_state_before_the_first_cue() -> None:
    made = state_payload(None, False, ALL, TS, STREAM, 0)
    assert list(made) == list(state_payload(smile(), True, ALL, TS, STREAM, 1))
    assert {key for key, value in made.items() if value is not None} == {
        *("v", "person", "phrases", "ts", "stream", "seq")
    }


def test_event_adds_when_and_which() -> None:
    made = event_payload(smile(), ALL, TS, STREAM, 5, 41.27)
    assert (made["ts"], made["seq"], made["emotion"], made["latency_ms"]) == (TS, 5, "happiness", 41.3)


def test_no_emotion_leaves_unless_its_level_is_on() -> None:
    for payload in (
        event_payload(smile(), DEFAULT, TS, STREAM, 1, None),
        state_payload(smile(), True, DEFAULT, TS, STREAM, 1),
    ):
        assert payload["emotion"] is None
        assert payload["attitude"] == "positive"
        assert "AU12" in payload["action_units"]  # type: ignore[operator]
        assert b"happiness" not in encode(payload)


def test_nothing_inferred_leaves_where_only_movements_are_on() -> None:
    for payload in (
        event_payload(smile(), ("movements",), TS, STREAM, 1, None),
        state_payload(smile(), True, ("movements",), TS, STREAM, 1),
    ):
        assert payload["emotion"] is None
        assert payload["attitude"] is None
        assert payload.get("confidence") is None
        assert payload["label"] == "smile"
        assert b"positive" not in encode(payload)


def test_nothing_of_the_picture_leaves() -> None:
    words = re.findall(
        r'"(\w+)":',
        encode(
            {
                **event_payload(smile(), ALL, TS, STREAM, 1, 2.0),
                "state": state_payload(smile(), True, ALL, TS, STREAM, 1),
            }
        ).decode(),
    )
    allowed = {"t", "kind", "label", "text", "action_units", "emotion", "attitude", "confidence", "track"}
    allowed |= {"latency_ms", "ts", "stream", "seq", "state", "person", "AU06", "AU12", "AU45"}
    allowed |= {"v", "phrases", "set"}
    assert set(words) == allowed


def test_who_is_there_after_a_cue() -> None:
    person = Cue("person", "person", "someone", Priority.NORMAL, 1.0, 3.0)
    assert person_after(person, False)
    assert person_after(smile(), False)
    assert not person_after(gone(), True)
    assert person_after(camera_lost(), True) is None
    found = Cue("health", "camera_found", "camera is back", Priority.NOW, 9.0, 11.0)
    assert person_after(found, None) is None
    assert person_after(person, None)


def test_time_is_utc_to_the_millisecond() -> None:
    assert timestamp(0.0) == "1970-01-01T00:00:00.000Z"
    assert timestamp(1769860800.1234) == "2026-01-31T12:00:00.123Z"


def test_a_number_json_has_no_word_for_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        encode({"t": float("nan")})


def test_health_tells_what_is_known_and_nothing_else() -> None:
    machine = {"celsius": 58.44, "throttled": False, "battery_percent": 71, "charging": True, "threads": 9}
    snapshot = {
        "well": True,
        "state": "running",
        "troubles": ("speech_lost",),
        "age_ms": 71.04,
        "machine": machine,
        "source": "rtsp://camera",
    }
    made = health_payload(snapshot, Counts(3, 1, 2, True), TS)
    assert (made["temperature_c"], made["latency_ms"], made["battery_percent"]) == (58.4, 71.0, 71)
    assert (made["troubles"], made["weak_power"], made["memory_mb"]) == (["speech_lost"], None, None)
    assert made["outbox"] == {"waiting": 3, "dropped": 1, "expired": 2, "on_disk": True}
    assert b"rtsp" not in encode(made)


def test_health_without_anybody_who_knows() -> None:
    made = health_payload({}, Counts(0, 0, 0, False), TS)
    assert {key for key, value in made.items() if value is not None} == {"v", "troubles", "outbox", "ts"}
