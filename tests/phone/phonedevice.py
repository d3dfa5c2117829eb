"""A real mosquitto that a browser can reach, and a small device that publishes as docs/mqtt.md says."""

from __future__ import annotations

import getpass
import itertools
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from edge.mqtt.outbox import Counts
from edge.mqtt.payloads import encode, event_payload, health_payload, state_payload, timestamp
from edge.settings import LEVELS, MqttSettings
from edge.types import Cue, Priority

SYSTEM_PATH = os.environ.get("PATH", "") + os.pathsep + "/usr/sbin" + os.pathsep + "/usr/local/sbin"
MOSQUITTO = shutil.which("mosquitto", path=SYSTEM_PATH)
MOSQUITTO_PASSWD = shutil.which("mosquitto_passwd", path=SYSTEM_PATH)
PATIENCE_SECONDS = 20.0
DEVICE = "glasses"
BASE = f"facecue/{DEVICE}"


def wait_until(condition: Callable[[], bool], what: str, timeout_seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline, f"in {timeout_seconds:g} s not: {what}"
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class WebBroker:
    """mosquitto with a listener for devices (`port`) and one for browsers (`web_port`).

    lines: more of its configuration, which begin with what holds for everybody.
    """

    def __init__(self, folder: Path, *lines: str) -> None:
        self.port, self.web_port = free_port(), free_port()
        self._config = folder / f"mosquitto-{self.port}.conf"
        # mosquitto started by root would otherwise become a user who cannot read the test's folder.
        common = [f"user {getpass.getuser()}", "log_dest none", *(lines or ["allow_anonymous true"])]
        listeners = [
            f"listener {self.port} 127.0.0.1",
            f"listener {self.web_port} 127.0.0.1",
            "protocol websockets",
        ]
        self._config.write_text("\n".join([*common, *listeners]) + "\n")
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def address(self) -> str:
        return f"ws://127.0.0.1:{self.web_port}/mqtt"

    def start(self) -> None:
        assert MOSQUITTO is not None
        self._process = subprocess.Popen(
            [MOSQUITTO, "-c", str(self._config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(lambda: all(map(_listens, (self.port, self.web_port))), "mosquitto listens")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def settings_of(broker: WebBroker, folder: Path) -> MqttSettings:
    """For the real thing, edge.mqtt.sink; folder: for what waits."""
    return MqttSettings(host="127.0.0.1", port=broker.port, device=DEVICE, outbox_folder=str(folder))


class Device:
    """Publishes what a device publishes, and keeps the commands that come. clock: added to the true time."""

    def __init__(
        self, broker: WebBroker, clock_seconds: float = 0.0, user: tuple[str, str] | None = None
    ) -> None:
        self.clock_seconds = clock_seconds
        self.commands: list[tuple[str, dict[str, object]]] = []
        self.answer: Callable[[str, dict[str, object]], None] = lambda name, body: None
        self._seq = itertools.count(1)
        self._ready = threading.Event()
        self._client = Client(
            CallbackAPIVersion.VERSION2, f"facecue-{DEVICE}", protocol=MQTTProtocolVersion.MQTTv5
        )
        if user is not None:
            self._client.username_pw_set(*user)
        self._client.will_set(f"{BASE}/available", "offline", 1, retain=True)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe(f"{BASE}/set/+", qos=1)
        self._client.on_subscribe = self._subscribed
        self._client.on_disconnect = lambda *_: self._ready.clear()
        self._client.on_message = self._keep
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()
        self.wait_ready()

    def wait_ready(self) -> None:
        assert self._ready.wait(PATIENCE_SECONDS)

    def publish(self, tail: str, payload: object, retain: bool = False) -> None:
        """payload: text, bytes, or what JSON can hold; returns when the broker has it."""
        body = payload if isinstance(payload, (str, bytes)) else json.dumps(payload, ensure_ascii=False)
        self._client.publish(f"{BASE}/{tail}", body, 1, retain).wait_for_publish(PATIENCE_SECONDS)

    def cue(
        self,
        text: str,
        label: str = "smile",
        kind: str = "cue",
        age_seconds: float = 0.0,
        phrases: tuple[str, ...] = (),
    ) -> bytes:
        """Publish a cue; what was published."""
        cue = Cue(kind, label, text, Priority.NORMAL, 1.0, 3.0, None, phrases)
        body = encode(event_payload(cue, LEVELS, self.time(age_seconds), "5tream", next(self._seq), None))
        self.publish("cue", body)
        return body

    def state(self, text: str = "", age_seconds: float = 0.0, seq: int = 0, **set_: object) -> None:
        """What is retained; set_: what commands have set."""
        cue = Cue("cue", "smile", text, Priority.NORMAL, 1.0, 3.0) if text else None
        ts = self.time(age_seconds)
        self.publish("state", encode(state_payload(cue, None, LEVELS, ts, "5tream", seq, set_)), True)

    def health(self, *troubles: str, latency_ms: float | None = None, **machine: object) -> None:
        snapshot = {"well": not troubles, "troubles": troubles, "age_ms": latency_ms, "machine": machine}
        self.publish("health", encode(health_payload(snapshot, Counts(0, 0, 0, True), self.time())))

    def time(self, age_seconds: float = 0.0) -> str:
        """By the device's clock."""
        return timestamp(time.time() + self.clock_seconds - age_seconds)

    def ack(self, name: str, body: dict[str, object], ok: bool = True, text: str | None = None) -> None:
        """Answer a command, from the client's own thread."""
        answer = {"v": 1, "command": name, "value": body.get("value"), "ok": ok, "text": text, "reason": None}
        self.publish_soon("ack", {**answer, "id": body["id"], "ts": self.time()})

    def publish_soon(self, tail: str, payload: object) -> None:
        """As publish, from the client's own thread, which must not wait for itself."""
        self._client.publish(f"{BASE}/{tail}", json.dumps(payload), 1)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        # paho closes its own pair of sockets only when it is collected: now, not later.
        del self._client

    def _subscribed(self, *_: object) -> None:
        self._client.publish(f"{BASE}/available", "online", 1, retain=True)
        self._ready.set()

    def _keep(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        name = message.topic.rsplit("/", 1)[1]
        body = json.loads(message.payload)
        self.commands.append((name, body))
        self.answer(name, body)
