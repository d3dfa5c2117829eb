"""Files of a folder as answers; nothing outside of it."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath

from edge.hub.messages import Request, Response, text

KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
    ".wav": "audio/wav",
}
"""What is served; a file of another kind is none of the page's."""
MOST_BYTES = 16 * 1024 * 1024


def answer(folder: Path, name: str, request: Request) -> Response:
    """The file of this name below the folder, index.html for a folder; 304 where the browser has it."""
    parts = PurePosixPath(name).parts
    hidden = any(part.startswith(".") or "\\" in part or "\0" in part for part in parts)
    if hidden or name.startswith("/"):
        return _missing()
    try:
        path = (folder / name).resolve()
        if path.is_dir():
            path = path / "index.html"
        # A link could lead outside, and so could whatever is not thought of here.
        path.relative_to(folder.resolve())
        kind = KINDS.get(path.suffix.lower())
        if kind is None or not path.is_file() or path.stat().st_size > MOST_BYTES:
            return _missing()
        body = path.read_bytes()
    except (OSError, ValueError):
        return _missing()
    tag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(304, kind, b"", headers)
    return Response(200, kind, body, headers)


def _missing() -> Response:
    return text(404, "There is no such page here.")
