"""What is published about a cue, as dicts that JSON can hold: numbers and words, never pixels."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone

from edge.events import action_units, attitude, emotion, event
from edge.types import Cue

SHOWN = 0.5
"""Least probability of an action unit in the state."""


def event_payload(
    cue: Cue, levels: Sequence[str], ts: str, seq: int, latency_ms: float | None
) -> dict[str, object]:
    """The event of edge.events, with `ts` (wall clock) and `seq` (counts the cues of this process).

    levels: those of cues.levels; what they leave out does not leave the device.
    """
    return {**event(cue, latency_ms, levels), "ts": ts, "seq": seq}


def state_payload(
    cue: Cue | None, person: bool | None, levels: Sequence[str], ts: str, seq: int
) -> dict[str, object]:
    """What is known now: whether a person is there (None: no picture tells) and what the last cue said.

    cue: the last one, None before the first. ts, seq: of that cue, or of the start with seq 0.
    action_units holds those decided to be there; None where the cue is not about a face. levels: as
    in the event.
    """
    reading = cue.reading if cue else None
    return {
        "person": person,
        "label": cue.label if cue else None,
        "text": cue.text if cue else None,
        "attitude": attitude(reading, levels),
        "emotion": emotion(reading, levels),
        "action_units": action_units(reading, SHOWN) if reading else None,
        "ts": ts,
        "seq": seq,
    }


def person_after(cue: Cue, before: bool | None) -> bool | None:
    """Whether a person is there once this cue is out; None while no picture tells."""
    if cue.label in ("camera_lost", "camera_absent", "paused", "stopped"):
        return None
    return {"person": True, "cue": True, "no_face": False}.get(cue.kind, before)


def timestamp(seconds: float) -> str:
    """Seconds since 1970 as ISO 8601 in UTC, to the millisecond: 2026-01-31T12:00:00.123Z."""
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def encode(payload: Mapping[str, object]) -> bytes:
    """JSON in UTF-8. Raises ValueError for a number JSON has no word for."""
    return json.dumps(payload, ensure_ascii=False, allow_nan=False).encode()
