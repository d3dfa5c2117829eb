"""A cue as plain data: one line of the events file, and the body of an MQTT event."""

from __future__ import annotations

from edge.types import Cue, Reading


def event(cue: Cue, latency_ms: float | None, with_emotion: bool = True) -> dict[str, object]:
    """A cue as a dict that JSON can hold; keys and their order are the same for every cue.

    t: seconds on the source's clock, to the millisecond. action_units: "AU12" -> probability 0..1
    to three digits. confidence: probability of `emotion`, or of `attitude` where with_emotion is
    False. track: number of the person. All that comes from a reading is None where the cue has none.
    latency_ms: from the picture to now, if known. There are never pixels in it.
    """
    reading = cue.reading
    return {
        "t": round(float(cue.created_at), 3),
        "kind": cue.kind,
        "label": cue.label,
        "text": cue.text,
        "action_units": action_units(reading) if reading else None,
        "emotion": reading.emotion.name if reading and with_emotion else None,
        "attitude": reading.attitude.name if reading else None,
        "confidence": _confidence(reading, with_emotion) if reading else None,
        "track": int(reading.face.track) if reading and reading.face.track >= 0 else None,
        "latency_ms": None if latency_ms is None else round(float(latency_ms), 1),
    }


def action_units(reading: Reading, least: float = 0.0) -> dict[str, float]:
    """The units of a reading with a probability of at least `least`, each to three digits."""
    return {unit: round(float(score), 3) for unit, score in reading.units.scores.items() if score >= least}


def _confidence(reading: Reading, with_emotion: bool) -> float:
    said = reading.emotion if with_emotion else reading.attitude
    return round(float(said.confidence), 3)
