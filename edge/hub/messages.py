"""A request to the hub and its answer, without a socket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Request:
    """path: decoded, without query. headers: keys in lower case. local: comes from this computer itself,
    by a name of this computer. secure: came over TLS."""

    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    local: bool = False
    secure: bool = True


@dataclass(frozen=True)
class Response:
    """An answer with its headers, Content-Length left out."""

    status: int
    kind: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def text(status: int, words: str, **headers: str) -> Response:
    """A sentence, plain."""
    return Response(status, "text/plain; charset=utf-8", f"{words}\n".encode(), headers)


def html(body: str) -> Response:
    """A page."""
    return Response(200, "text/html; charset=utf-8", body.encode())


def as_json(body: object) -> Response:
    """Data that no cache may keep."""
    return Response(
        200, "application/json", json.dumps(body, ensure_ascii=False).encode(), {"Cache-Control": "no-store"}
    )
