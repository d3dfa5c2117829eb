"""What is published about a cue, as dicts that JSON can hold: numbers and words, never pixels."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timezone

from edge.events import action_units, attitude, emotion, event
from edge.mqtt.outbox import Counts
from edge.types import Cue

VERSION = 1
"""`v` of every payload; a key that is taken away or changes its meaning makes another, a new key does not."""
SHOWN = 0.5
"""Least probability of an action unit in the state."""


def event_payload(
    cue: Cue, levels: Sequence[str], ts: str, stream: str, seq: int, latency_ms: float | None
) -> dict[str, object]:
    """The event of edge.events, with `ts` (wall clock), and `stream` and `seq` of edge.mqtt.outbox.

    levels: those of cues.levels; what they leave out does not leave the device.
    """
    made = event(cue, latency_ms, levels)
    return {"v": VERSION, **made, "phrases": list(cue.phrases), "ts": ts, "stream": stream, "seq": seq}


def state_payload(
    cue: Cue | None,
    person: bool | None,
    levels: Sequence[str],
    ts: str,
    stream: str,
    seq: int,
    set_: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """What is known now: whether a person is there (None: no picture tells) and what the last cue said.

    cue: the last one, None before the first. ts, stream, seq: of that cue, or of the start and the last cue
    before it. action_units holds those decided to be there; None where the cue is not about a face. levels:
    as in the event. set_: what commands have set, as in Steering.state; None where none are obeyed.
    """
    reading = cue.reading if cue else None
    return {
        "v": VERSION,
        "person": person,
        "kind": cue.kind if cue else None,
        "label": cue.label if cue else None,
        "text": cue.text if cue else None,
        "phrases": list(cue.phrases) if cue else [],
        "attitude": attitude(reading, levels),
        "emotion": emotion(reading, levels),
        "action_units": action_units(reading, SHOWN) if reading else None,
        "ts": ts,
        "stream": stream,
        "seq": seq,
        "set": dict(set_) if set_ else None,
    }


def health_payload(snapshot: Mapping[str, object], counts: Counts, ts: str) -> dict[str, object]:
    """How the device is. snapshot: of edge.service.health.payload, or empty; counts: of the outbox.

    What the snapshot does not tell is None.
    """
    told = snapshot.get("machine")
    machine: Mapping[str, object] = told if isinstance(told, Mapping) else {}
    troubles = snapshot.get("troubles")
    return {
        "v": VERSION,
        "well": snapshot.get("well"),
        "state": snapshot.get("state"),
        "troubles": list(troubles) if isinstance(troubles, (list, tuple)) else [],
        "uptime_seconds": _rounded(snapshot.get("uptime_seconds")),
        "pictures_per_second": _rounded(snapshot.get("rate")),
        "latency_ms": _rounded(snapshot.get("age_ms")),
        "latency_p99_ms": _rounded(snapshot.get("age_p99_ms")),
        "temperature_c": _rounded(machine.get("celsius")),
        "throttled": machine.get("throttled"),
        "weak_power": machine.get("weak_power"),
        "battery_percent": machine.get("battery_percent"),
        "charging": machine.get("charging"),
        "memory_mb": _rounded(machine.get("memory_mb")),
        "version": snapshot.get("version") or None,
        "outbox": asdict(counts),
        "ts": ts,
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


def _rounded(value: object) -> float | None:
    return round(float(value), 1) if isinstance(value, (int, float)) else None


def encode(payload: Mapping[str, object]) -> bytes:
    """JSON in UTF-8. Raises ValueError for a number JSON has no word for."""
    return json.dumps(payload, ensure_ascii=False, allow_nan=False).encode()
