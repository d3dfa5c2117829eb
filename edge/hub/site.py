"""What stands at which address of the hub."""

from __future__ import annotations

import html as quoting
from collections.abc import Callable
from importlib import resources
from pathlib import Path

from edge.hub import files, status
from edge.hub.messages import Request, Response, as_json, html, text

OWN = Path(str(resources.files("edge.hub"))) / "page"
NOT_BUILT = (
    "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "<title>facecue</title><h1>facecue</h1><p>The phone page is not here: it was not built. "
    "In deploy/phone run <code>npm ci &amp;&amp; npm run build</code>, or set hub.page_folder.</p>"
)


class Site:
    """Answers requests; knows no socket.

    page: the built phone page, None where there is none. authority: its certificate, in PEM.
    fingerprint: of that. secure_address: of the phone page. live, table: what the status page shows.
    """

    def __init__(
        self,
        page: Path | None,
        authority: Path,
        fingerprint: str,
        secure_address: str,
        token: Callable[[], str],
        live: Callable[[], object],
        table: Callable[[], object],
    ) -> None:
        self._page = page
        self._authority = authority
        self._fingerprint = fingerprint
        self._secure_address = secure_address
        self._token = token
        self._data = {"/status/live.json": live, "/status/settings.json": table}

    def answer(self, request: Request) -> Response:
        """The page, the data, or why not."""
        path = request.path
        if path == "/ca.crt":
            # This kind makes both Android and iOS offer to install it.
            body = self._authority.read_bytes()
            return Response(200, "application/x-x509-ca-cert", body)
        if path in ("/install", "/install/") or (path == "/" and not request.secure):
            return self._install()
        if not request.secure:
            return text(426, f"This is only to be had encrypted, at {self._secure_address}")
        if path in self._data:
            if not status.allowed(request, self._token()):
                words = "This needs the token: open the address that facecue hub --pair shows."
                return text(401, words, **{"WWW-Authenticate": "Bearer", "Cache-Control": "no-store"})
            return as_json(self._data[path]())
        if path == "/status":
            return Response(301, "text/plain", b"", {"Location": "/status/"})
        if path == "/status/":
            path = "/status/status.html"
        if path.startswith("/status/"):
            return files.answer(OWN, path[len("/status/") :], request)
        if self._page is None:
            return html(NOT_BUILT) if path == "/" else text(404, "The phone page is not built.")
        return files.answer(self._page, path[1:] or "index.html", request)

    def _install(self) -> Response:
        page = (OWN / "install.html").read_text(encoding="utf-8")
        page = page.replace("{address}", quoting.escape(self._secure_address))
        return html(page.replace("{fingerprint}", quoting.escape(self._fingerprint)))


def page_folder(setting: str) -> Path | None:
    """The built phone page: the one that was set, the one installed, or the checkout's; None without."""
    here = Path(__file__).resolve().parent
    checkout = here.parents[1] / "deploy" / "phone" / "dist"
    places = [Path(setting)] if setting else [here / "phone", checkout, Path("/usr/share/facecue/phone")]
    return next((place for place in places if (place / "index.html").is_file()), None)
