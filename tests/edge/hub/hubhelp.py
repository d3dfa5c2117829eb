"""What the tests of the hub share: settings on free ports, requests that trust its authority, clients."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from edge.hub.broker import free_port
from edge.hub.hub import Hub
from edge.hub.users import password_name
from edge.settings import HubSettings, MqttSettings, Settings

PATIENCE_SECONDS = 20.0
DEVICES = ["glasses", "lamp"]
CUE = "facecue/glasses/cue"
VERSION = MQTTProtocolVersion.MQTTv5


def settings(folder: Path, **changed: object) -> Settings:
    """Of a hub with a small phone page and two devices."""
    page = folder / "page"
    if not page.exists():
        page.mkdir(parents=True)
        (page / "index.html").write_text("<!doctype html><title>phone</title>")
        (page / "main.js").write_text("export {};")
    values: dict[str, object] = {
        "port": free_port(),
        "mqtt_port": free_port(),
        "state_folder": str(folder / "state"),
        "page_folder": str(page),
        "devices": DEVICES,
    }
    hub = HubSettings(**{**values, **changed})  # type: ignore[arg-type]
    return Settings(mqtt=MqttSettings(device="glasses"), hub=hub)


@contextmanager
def running(made: Settings) -> Iterator[Hub]:
    hub = Hub(made)
    try:
        yield hub
    finally:
        hub.close()


def wait_until(condition: Callable[[], bool], what: str, timeout_seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline, f"in {timeout_seconds:g} s not: {what}"
        time.sleep(0.02)


def trust(hub: Hub) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(hub.certificates.ca))


def get(
    hub: Hub, path: str, method: str = "GET", context: ssl.SSLContext | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Over HTTPS, verified; the path goes out as it is."""
    connection = http.client.HTTPSConnection(
        "localhost", hub.server.port, timeout=PATIENCE_SECONDS, context=context or trust(hub)
    )
    try:
        connection.putrequest(method, path, skip_host="Host" in headers)
        for key, value in headers.items():
            connection.putheader(key.replace("_", "-"), value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def plain(port: int, words: bytes) -> bytes:
    """What comes back for raw bytes, until the other side closes."""
    with socket.create_connection(("localhost", port), PATIENCE_SECONDS) as connection:
        connection.sendall(words)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
        return b"".join(parts)


class Member:
    """A client of the hub's broker, as one of its users, over TLS or through the hub's websocket."""

    def __init__(
        self, hub: Hub, made: Settings, user: str, websocket: bool = False, password: str = "", will: str = ""
    ) -> None:
        self.received: list[tuple[str, bytes]] = []
        self.refused: str | None = None
        self.answers: dict[int, bool] = {}
        self.granted: dict[int, bool] = {}
        self.lost = threading.Event()
        self._up = threading.Event()
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            protocol=VERSION,
            transport="websockets" if websocket else "tcp",
        )
        if websocket:
            self._client.ws_set_options(path="/mqtt")
        self._client.tls_set_context(trust(hub))
        if user:
            self._client.username_pw_set(user, password or hub.state.secret(password_name(user)))
        if will:
            self._client.will_set(will, "forged", qos=1)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = lambda *_: self.lost.set()
        self._client.on_publish = self._on_publish
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("localhost", hub.server.port if websocket else made.hub.mqtt_port)
        self._client.loop_start()
        wait_until(lambda: self._up.is_set() or self.refused is not None, f"an answer to {user or 'nobody'}")

    def subscribe(self, topic: str) -> bool:
        number = self._client.subscribe(topic, qos=1)[1]
        assert number is not None
        wait_until(lambda: number in self.granted, f"an answer to subscribe {topic}")
        return self.granted[number]

    def publish(self, topic: str, words: str, retain: bool = False) -> bool:
        """Whether the broker took it."""
        number = self._client.publish(topic, words, qos=1, retain=retain).mid
        wait_until(lambda: number in self.answers, f"an answer to publish {topic}")
        return self.answers[number]

    def on(self, topic: str) -> list[bytes]:
        return [words for at, words in list(self.received) if at == topic]

    def crash(self) -> None:
        """End without a goodbye, so that the broker publishes the will."""
        connection = self._client.socket()
        assert connection is not None
        self._client.loop_stop()
        connection.close()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        # paho closes its own pair of sockets only when it is collected: now, not later.
        del self._client

    def _on_connect(self, _client: Client, _data: object, _flags: object, reason: object, _: object) -> None:
        if reason.is_failure:  # type: ignore[attr-defined]
            self.refused = str(reason)
        else:
            self._up.set()

    def _on_publish(self, _client: Client, _data: object, number: int, reason: object, _: object) -> None:
        self.answers[number] = not reason.is_failure  # type: ignore[attr-defined]

    def _on_subscribe(self, _client: Client, _data: object, number: int, reasons: list, _: object) -> None:
        self.granted[number] = not any(reason.is_failure for reason in reasons)

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.received.append((message.topic, bytes(message.payload)))


@contextmanager
def member(hub: Hub, made: Settings, user: str, **named: object) -> Iterator[Member]:
    client = Member(hub, made, user, **named)  # type: ignore[arg-type]
    try:
        yield client
    finally:
        client.close()
