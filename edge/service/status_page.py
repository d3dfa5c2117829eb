"""/healthz and /metrics for programs on this machine; off unless service.status_port is set."""

from __future__ import annotations

import http.server
import json
import logging
import threading
from collections.abc import Callable

from edge.errors import SettingsError
from edge.service.health import Health, metrics, payload

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
REQUEST_SECONDS = 2.0
JOIN_SECONDS = 2.0


class StatusPage:
    """Answers GET on the loopback alone, on its own thread, one request after the other.

    port: 0 takes a free one, told as `port`. health: makes a snapshot; called on that thread. Raises
    SettingsError where the port is taken.
    """

    def __init__(self, port: int, health: Callable[[], Health]) -> None:
        try:
            self._server = _Server((LOOPBACK, port), _Handler)
        except OSError as error:
            raise SettingsError(
                [f"service.status_port: {port} cannot be used ({error.strerror}); choose another"]
            ) from error
        self._server.health = health
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.2,), name="status-page", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(JOIN_SECONDS)


class _Server(http.server.HTTPServer):
    health: Callable[[], Health]

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        """A caller that hangs up is no fault of the service."""
        log.debug("a request for the status page failed", exc_info=True)


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server
    timeout = REQUEST_SECONDS

    def do_GET(self) -> None:
        if self.path == "/healthz":
            health = self.server.health()
            body, kind = json.dumps(payload(health)) + "\n", "application/json"
            self._answer(200 if health.well else 503, body, kind)
        elif self.path == "/metrics":
            self._answer(200, metrics(self.server.health()), "text/plain; version=0.0.4; charset=utf-8")
        else:
            self._answer(404, "there are /healthz and /metrics\n", "text/plain; charset=utf-8")

    def _answer(self, status: int, body: str, kind: str) -> None:
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: object) -> None:
        """Who looks is nobody's business."""
