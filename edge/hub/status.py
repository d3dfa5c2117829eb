"""The status page: what sighted helpers see, as data; and who may see it."""

from __future__ import annotations

import hmac
import math
import statistics
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from edge.hub.messages import Request
from edge.hub.watch import Watched
from edge.settings import Settings
from edge.sources.naming import without_credentials

TOKEN = "status-token"  # noqa: S105  name of its file
SHOWN_CUES = 100
CUE_KEYS = ("ts", "seq", "kind", "label", "text", "attitude", "emotion", "confidence", "latency_ms")
SECRET = ("password", "secret", "token")


def allowed(request: Request, token: str) -> bool:
    """From this computer, or with the token: `Authorization: Bearer TOKEN`, over TLS alone."""
    if request.local:
        return True
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    right = hmac.compare_digest(given.strip().encode(), token.encode())
    return request.secure and scheme.lower() == "bearer" and right


def overview(devices: dict[str, Watched], broker: dict[str, Any], now: float) -> dict[str, Any]:
    """Everything live; times in seconds since 1970. now: the same clock."""
    return {
        "now": now,
        "broker": broker,
        "devices": [_device(name, watched, now) for name, watched in sorted(devices.items())],
    }


def settings_table(settings: Settings) -> list[dict[str, Any]]:
    """Every setting with its value and what it means; passwords in addresses left out."""
    rows = []
    for section in fields(settings):
        values = getattr(settings, section.name)
        for one in fields(values):
            value = getattr(values, one.name)
            if isinstance(value, str) and "://" in value:
                value = without_credentials(value)
            if any(word in one.name for word in SECRET) and not one.name.endswith("_file"):
                value = "set" if value else ""
            changed = getattr(values, one.name) != getattr(type(values)(), one.name)
            doc = one.metadata["doc"]
            rows.append({"key": f"{section.name}.{one.name}", "value": value, "doc": doc, "changed": changed})
    return rows


def _device(name: str, watched: Watched, now: float) -> dict[str, Any]:
    cues = list(watched.cues)
    latencies = [ms for cue, _ in cues if (ms := _number(cue.get("latency_ms"))) is not None]
    newest = watched.newest
    heard = max([at for _, at in newest.values()] + [at for _, at in cues], default=None)
    return {
        "name": name,
        "available": _word(newest.get("available")),
        "state": _object(newest.get("state")),
        "health": _object(newest.get("health")),
        "heard_seconds": None if heard is None else max(0.0, now - heard),
        "latency_ms": _percentiles(latencies),
        "cues": [
            {**{key: _plain(cue.get(key)) for key in CUE_KEYS}, "at": at} for cue, at in cues[-SHOWN_CUES:]
        ],
    }


def _percentiles(values: Sequence[float]) -> dict[str, float | int | None]:
    if len(values) < 2:
        only = values[0] if values else None
        return {"p50": only, "p95": only, "count": len(values)}
    cuts = statistics.quantiles(values, n=20, method="inclusive")
    return {"p50": round(cuts[9], 1), "p95": round(cuts[18], 1), "count": len(values)}


def _number(value: object) -> float | None:
    fine = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if fine else None  # type: ignore[arg-type]


def _plain(value: object) -> object:
    if isinstance(value, str):
        return value[:300]
    return value if value is None or isinstance(value, bool) else _number(value)


def _object(kept: tuple[object, float] | None) -> object:
    return kept[0] if kept is not None and isinstance(kept[0], dict) else None


def _word(kept: tuple[object, float] | None) -> str | None:
    return kept[0] if kept is not None and isinstance(kept[0], str) else None
