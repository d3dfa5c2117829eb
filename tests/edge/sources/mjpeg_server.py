"""A network camera for tests: MJPEG over HTTP, which can stall, freeze, hang up and die.

The number of every frame is drawn into it as 16 black or white blocks, so that a reader's delay can
be measured in frames.
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np

BLOCK = 24
SIDE = 4


def draw_number(number: int) -> np.ndarray:
    """uint8 [96, 96, 3]: bit i of the number is block i, white for 1."""
    bits = np.array([number >> i & 1 for i in range(SIDE * SIDE)], np.uint8).reshape(SIDE, SIDE)
    grey = np.kron(bits * 255, np.ones((BLOCK, BLOCK), np.uint8)).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def read_number(image: np.ndarray) -> int:
    """The number that draw_number drew, after any compression."""
    grey = image[BLOCK // 2 :: BLOCK, BLOCK // 2 :: BLOCK].mean(axis=2)
    return sum(1 << i for i, value in enumerate(grey.ravel()) if value > 127)


class MjpegCamera:
    """Serves /video at 127.0.0.1; every attribute may be changed while it runs.

    draw: the number of a frame -> its picture.
    """

    def __init__(
        self,
        frames_per_second: float = 20.0,
        login: str = "",
        draw: Callable[[int], np.ndarray] = draw_number,
        port: int = 0,
    ) -> None:
        self._draw = draw
        self.stalled = False
        self.frozen = False
        self.login = login
        self.connections = 0
        self._rate = frames_per_second
        self._started = time.monotonic()
        self._frozen_at = 0
        self._epoch = 0
        self._port = port
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None
        self.start()

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self._port}/video"

    @property
    def number(self) -> int:
        """The frame a camera would be taking now."""
        return int((time.monotonic() - self._started) * self._rate)

    @property
    def up(self) -> bool:
        return self._server is not None

    def start(self) -> None:
        """Come up, on the same port as before."""
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                camera._answer(self)

            def log_message(self, format: str, *args: object) -> None:
                """Keeps the test's output clean."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def hang_up(self) -> None:
        """End every connection; new ones are welcome."""
        self._epoch += 1

    def freeze(self) -> None:
        """Send one and the same picture from now on."""
        self._frozen_at = self.number
        self.frozen = True

    def die(self) -> None:
        """End every connection and refuse new ones."""
        self.hang_up()
        assert self._server is not None
        assert self._thread is not None
        self._server.shutdown()
        # Waits for the connections' threads too.
        self._server.server_close()
        self._thread.join(10)
        self._server = None

    def close(self) -> None:
        self.stalled = False
        if self._server is not None:
            self.die()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        wanted = "Basic " + base64.b64encode(self.login.encode()).decode()
        if self.login and request.headers.get("Authorization") != wanted:
            request.send_response(401)
            request.send_header("WWW-Authenticate", 'Basic realm="camera"')
            request.end_headers()
            return
        if request.path != "/video":
            request.send_error(404)
            return
        self.connections += 1
        epoch = self._epoch
        request.send_response(200)
        request.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        request.end_headers()
        last = -1
        try:
            while epoch == self._epoch:
                if not self.stalled and self.number != last:
                    last = self.number
                    picture = self._draw(self._frozen_at if self.frozen else last)
                    data = cv2.imencode(".jpg", picture)[1].tobytes()
                    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
                    request.wfile.write(head.encode() + data + b"\r\n")
                time.sleep(0.01)
        except ConnectionError:
            return  # the reader went away
