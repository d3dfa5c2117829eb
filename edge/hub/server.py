"""The hub's one port: HTTPS for pages and websockets, and plain HTTP for the authority alone."""

from __future__ import annotations

import contextlib
import http.server
import ipaddress
import logging
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote, urlsplit

from edge.errors import HubError
from edge.hub.messages import Request, Response, text
from edge.hub.tunnel import carry, handshake

log = logging.getLogger(__name__)

MOST_CONNECTIONS = 64
"""At once; phones and pages of a house need a few each."""
WAIT_SECONDS = 10.0
"""A browser that says nothing for so long is gone."""
JOIN_SECONDS = 5.0
TLS_HANDSHAKE = 0x16
"""First byte of every TLS connection (RFC 8446, 5.1)."""
SAFETY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
TUNNEL = "/mqtt"

Answer = Callable[[Request], Response]


class HubServer:
    """Serves until closed, a thread for each connection.

    certificate: file with certificate and key. names: of this computer; who comes from this computer
    itself by another name is a stranger's page (DNS rebinding). tunnel_port: of the broker's websockets
    on this computer; None where phones go to a broker elsewhere. Raises HubError.
    """

    def __init__(
        self,
        port: int,
        certificate: str,
        names: Callable[[], set[str]],
        answer: Answer,
        tunnel_port: Callable[[], int | None],
    ) -> None:
        self.answer = answer
        self.names = names
        self.tunnel_port = tunnel_port
        self.stopping = threading.Event()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.renew(certificate)
        try:
            self._server = _Server(port, self)
        except PermissionError as error:
            raise HubError(f"port {port} is for root alone: set hub.port to 1024 or more") from error
        except OSError as error:
            raise HubError(
                f"port {port} is taken by another program, perhaps another facecue hub: "
                "end it, or set hub.port to another port"
            ) from error
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="hub-server", daemon=True
        )
        self._thread.start()

    def renew(self, certificate: str) -> None:
        """Show another certificate from the next connection on. Raises HubError."""
        try:
            self.context.load_cert_chain(certificate)
        except (OSError, ssl.SSLError) as error:
            raise HubError(
                f"{certificate} cannot be used ({error}): delete it, the hub makes it anew"
            ) from error

    def close(self) -> None:
        """Take no one more, and end all connections."""
        self.stopping.set()
        self._server.shutdown()
        self._server.end_connections()
        self._server.server_close()
        self._thread.join(JOIN_SECONDS)


class _Server(socketserver.ThreadingTCPServer):
    """Counts and remembers connections; TLS begins on the connection's own thread."""

    daemon_threads = True
    block_on_close = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, port: int, hub: HubServer) -> None:
        self.hub = hub
        self._slots = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        # Both versions of IP where the system has both.
        self.address_family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET
        super().__init__(("", port), _Handler)

    def server_bind(self) -> None:
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._slots.acquire(blocking=False):
            log.warning("hub: %d connections at once; one more is turned away", MOST_CONNECTIONS)
            self.shutdown_request(request)
            return
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._open.discard(request)
            self._slots.release()

    def finish_request(self, request: Any, client_address: Any) -> None:
        request.settimeout(WAIT_SECONDS)
        try:
            first = request.recv(1, socket.MSG_PEEK)
            if first[:1] != bytes([TLS_HANDSHAKE]):
                if first:
                    _PlainHandler(request, client_address, self)
                return
            with self.hub.context.wrap_socket(request, server_side=True, suppress_ragged_eofs=True) as secure:
                with self._lock:
                    self._open.discard(request)
                    self._open.add(secure)
                try:
                    _Handler(secure, client_address, self)
                finally:
                    with self._lock:
                        self._open.discard(secure)
        except OSError as error:  # ssl.SSLError too: a phone that does not trust the authority yet hangs up
            log.debug("hub: %s: %s", client_address[0], error)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        log.exception("hub: a request from %s", client_address[0])

    def end_connections(self) -> None:
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)


class _Handler(http.server.BaseHTTPRequestHandler):
    """One connection: GET and HEAD, and the door to the broker."""

    protocol_version = "HTTP/1.1"
    timeout = WAIT_SECONDS
    disable_nagle_algorithm = True
    secure = True
    server: _Server

    def version_string(self) -> str:
        return "facecue"

    def do_GET(self) -> None:
        """Answer, or pass a websocket on."""
        try:
            path = unquote(urlsplit(self.path).path, errors="strict")
        except (ValueError, UnicodeDecodeError):
            self._send(text(400, "This address cannot be read."))
            return
        if path == TUNNEL and self.secure and "websocket" in self.headers.get("Upgrade", "").lower():
            self._tunnel()
            return
        headers = {key.lower(): value for key, value in self.headers.items()}
        self._send(self.server.hub.answer(Request(path, headers, self._local(), self.secure)))

    do_HEAD = do_GET

    def log_message(self, words: str, *values: Any) -> None:
        """At DEBUG, and never what stands behind a question mark."""
        log.debug("hub: %s %s", self.client_address[0], (words % values).split("?")[0])

    def _local(self) -> bool:
        peer = ipaddress.ip_address(self.client_address[0])
        mapped = getattr(peer, "ipv4_mapped", None)
        named = urlsplit(f"//{self.headers.get('Host', '')}").hostname
        passed_on = any(key in self.headers for key in ("X-Forwarded-For", "Forwarded", "Via"))
        return (mapped or peer).is_loopback and named in self.server.hub.names() and not passed_on

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        self.send_header("Content-Type", response.kind)
        self.send_header("Content-Length", str(len(response.body)))
        for key, value in {**SAFETY, "Cache-Control": "no-cache", **response.headers}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD" and response.status != HTTPStatus.NOT_MODIFIED:
            self.wfile.write(response.body)

    def _tunnel(self) -> None:
        self.close_connection = True
        port = self.server.hub.tunnel_port()
        if port is None:
            self._send(text(404, "The broker is elsewhere; pair the phone anew."))
            return
        try:
            broker = socket.create_connection(("127.0.0.1", port), WAIT_SECONDS)
        except OSError:
            self._send(text(503, "The broker is away and is being started again.", **{"Retry-After": "1"}))
            return
        with broker:
            # A cue is smaller than a packet, and may not wait for the next one.
            broker.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            broker.sendall(handshake(TUNNEL, self.headers.items()))
            carry(self.connection, broker, self.server.hub.stopping)


class _PlainHandler(_Handler):
    """Plain HTTP: a phone that trusts nothing here yet gets the authority and how to install it."""

    secure = False
