"""The payloads, without a broker."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from realbroker import camera_lost, gone, smile

from edge.mqtt.payloads import encode, event_payload, person_after, state_payload, timestamp
from edge.types import Cue, Priority

ALL = ("movements", "attitude", "emotion")
DEFAULT = ("movements", "attitude")
TS = "2026-01-31T12:00:00.123Z"


def test_state_of_a_smile() -> None:
    assert json.loads(encode(state_payload(smile(), True, ALL, TS, 5))) == {
        "person": True,
        "label": "smile",
        "text": "smiling",
        "attitude": "positive",
        "emotion": "happiness",
        "action_units": {"AU06": 0.71, "AU12": 0.935},
        "ts": TS,
        "seq": 5,
    }


def test_state_before_the_first_cue() -> None:
    made = state_payload(None, False, ALL, TS, 0)
    assert list(made) == list(state_payload(smile(), True, ALL, TS, 1))
    assert {key for key, value in made.items() if value is not None} == {"person", "ts", "seq"}


def test_event_adds_when_and_which() -> None:
    made = event_payload(smile(), ALL, TS, 5, 41.27)
    assert (made["ts"], made["seq"], made["emotion"], made["latency_ms"]) == (TS, 5, "happiness", 41.3)


def test_no_emotion_leaves_unless_its_level_is_on() -> None:
    for payload in (
        event_payload(smile(), DEFAULT, TS, 1, None),
        state_payload(smile(), True, DEFAULT, TS, 1),
    ):
        assert payload["emotion"] is None
        assert payload["attitude"] == "positive"
        assert "AU12" in payload["action_units"]  # type: ignore[operator]
        assert b"happiness" not in encode(payload)


def test_nothing_inferred_leaves_where_only_movements_are_on() -> None:
    for payload in (
        event_payload(smile(), ("movements",), TS, 1, None),
        state_payload(smile(), True, ("movements",), TS, 1),
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
            {**event_payload(smile(), ALL, TS, 1, 2.0), "state": state_payload(smile(), True, ALL, TS, 1)}
        ).decode(),
    )
    allowed = {"t", "kind", "label", "text", "action_units", "emotion", "attitude", "confidence", "track"}
    allowed |= {"latency_ms", "ts", "seq", "state", "person", "AU06", "AU12", "AU45"}
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


def test_the_documented_examples_have_the_keys_of_the_code() -> None:
    text = (Path(__file__).parents[3] / "docs" / "mqtt.md").read_text(encoding="utf-8")
    event, state = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL))
    assert list(event) == list(event_payload(smile(), ALL, TS, 1, 2.0))
    assert list(state) == list(state_payload(smile(), True, ALL, TS, 1))
    for key in {*event, *state}:
        assert f"| `{key}` |" in text, f"{key} is not in a table of docs/mqtt.md"
