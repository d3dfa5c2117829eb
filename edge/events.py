"""A cue as plain data: one line of the events file, and the body of an MQTT event."""

from __future__ import annotations

from collections.abc import Sequence

from edge.settings import LEVELS
from edge.types import Cue, Reading


def event(cue: Cue, latency_ms: float | None, levels: Sequence[str] = LEVELS) -> dict[str, object]:
    """A cue as a dict that JSON can hold; keys and their order are the same for every cue.

    levels: what may be inferred of a face, as in cues.levels; see `emotion` and `attitude`.
    t: seconds on the source's clock, to the millisecond. action_units: "AU12" -> probability 0..1
    to three digits. confidence: probability of `emotion`, or of `attitude` where there is no
    emotion. track: number of the person. All that comes from a reading is None where the cue has
    none. latency_ms: from the picture to now, if known. There are never pixels in it.
    """
    reading = cue.reading
    return {
        "t": round(float(cue.created_at), 3),
        "kind": cue.kind,
        "label": cue.label,
        "text": cue.text,
        "action_units": action_units(reading) if reading else None,
        "emotion": emotion(reading, levels),
        "attitude": attitude(reading, levels),
        "confidence": _confidence(reading, levels),
        "track": int(reading.face.track) if reading and reading.face.track >= 0 else None,
        "latency_ms": None if latency_ms is None else round(float(latency_ms), 1),
    }


def action_units(reading: Reading, least: float = 0.0) -> dict[str, float]:
    """The units of a reading with a probability of at least `least`, each to three digits."""
    return {unit: round(float(score), 3) for unit, score in reading.units.scores.items() if score >= least}


def emotion(reading: Reading | None, levels: Sequence[str]) -> str | None:
    """The named emotion, None unless the level "emotion" is on."""
    return reading.emotion.name if reading and "emotion" in levels else None


def attitude(reading: Reading | None, levels: Sequence[str]) -> str | None:
    """The attitude, None unless the level "attitude" or "emotion" is on.

    It is inferred from the emotions, so that where none may be inferred it is not told either.
    """
    return reading.attitude.name if reading and not {"attitude", "emotion"}.isdisjoint(levels) else None


def _confidence(reading: Reading | None, levels: Sequence[str]) -> float | None:
    if reading is None or attitude(reading, levels) is None:
        return None
    said = reading.emotion if "emotion" in levels else reading.attitude
    return round(float(said.confidence), 3)
