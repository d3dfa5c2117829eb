"""A real mosquitto on a free port of 127.0.0.1, a subscriber that stands for the phone, and cues."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge.settings import MqttSettings
from edge.types import ActionUnits, Attitude, Box, Cue, Emotion, Face, Priority, Reading

SYSTEM_PATH = os.environ.get("PATH", "") + os.pathsep + "/usr/sbin" + os.pathsep + "/usr/local/sbin"
MOSQUITTO = shutil.which("mosquitto", path=SYSTEM_PATH)
MOSQUITTO_PASSWD = shutil.which("mosquitto_passwd", path=SYSTEM_PATH)
PATIENCE_SECONDS = 15.0


def wait_until(condition: Callable[[], bool], what: str, timeout_seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline, f"in {timeout_seconds:g} s not: {what}"
        time.sleep(0.01)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Broker:
    """mosquitto with the given lines of configuration; may be killed and started again."""

    def __init__(self, folder: Path, *lines: str) -> None:
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        # mosquitto started by root would otherwise become a user who cannot read the test's folder.
        common = [f"listener {self.port} 127.0.0.1", f"user {getpass.getuser()}", "log_dest none"]
        self._config.write_text("\n".join([*common, *(lines or ["allow_anonymous true"])]) + "\n")
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        assert MOSQUITTO is not None
        self._process = subprocess.Popen(
            [MOSQUITTO, "-c", str(self._config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(lambda: listens(self.port), "mosquitto listens")

    def freeze(self) -> None:
        self.signal(signal.SIGSTOP)

    def signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def settings(self, **changed: object) -> MqttSettings:
        values: dict[str, object] = {"host": "127.0.0.1", "port": self.port, "device": "glasses"}
        return MqttSettings(**{**values, **changed})  # type: ignore[arg-type]


@dataclass
class Received:
    topic: str
    payload: bytes
    retained: bool
    qos: int
    expiry_seconds: int | None

    @property
    def json(self) -> dict[str, object]:
        return json.loads(self.payload)


class Phone:
    """Subscribes to everything of a broker, in a session that outlives a lost connection."""

    def __init__(
        self,
        port: int,
        name: str = "phone",
        ca_file: Path | None = None,
        user: tuple[str, str] | None = None,
        topic: str = "#",
        wait: bool = True,
    ) -> None:
        self.received: list[Received] = []
        self.refused = False
        self._subscribed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, name, protocol=MQTTProtocolVersion.MQTTv5)
        if ca_file is not None:
            self._client.tls_set(str(ca_file))
        self._client.reconnect_delay_set(1, 1)
        if user is not None:
            self._client.username_pw_set(*user)
        self._topic = topic
        self._client.on_connect = self._connected
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_disconnect = lambda *_: self._subscribed.clear()
        self._client.on_message = self._keep
        keep = Properties(PacketTypes.CONNECT)
        keep.SessionExpiryInterval = 600
        self._client.connect("127.0.0.1", port, clean_start=False, properties=keep)
        self._client.loop_start()
        if wait:
            self.wait_subscribed()

    def _connected(
        self, client: Client, _data: object, _flags: object, reason: ReasonCode, *_: object
    ) -> None:
        self.refused = reason.is_failure
        if not self.refused:
            client.subscribe(self._topic, qos=1)

    def wait_subscribed(self) -> None:
        assert self._subscribed.wait(PATIENCE_SECONDS)

    def on(self, topic: str) -> list[Received]:
        return [message for message in list(self.received) if message.topic == topic]

    def seqs(self) -> list[object]:
        return [message.json["seq"] for message in self.on("facecue/glasses/cue")]

    def available(self) -> list[bytes]:
        return [message.payload for message in self.on("facecue/glasses/available")]

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        self._client.publish(topic, payload, 1, retain)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        # paho closes its own pair of sockets only when it is collected: now, not later.
        del self._client

    def _keep(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        expiry = getattr(message.properties, "MessageExpiryInterval", None)
        self.received.append(Received(message.topic, message.payload, message.retain, message.qos, expiry))


@dataclass
class Faults:
    """Keeps what a sink reports."""

    told: list[tuple[str, Exception | None]] = field(default_factory=list)

    def __call__(self, name: str, error: Exception | None) -> None:
        self.told.append((name, error))


def reading() -> Reading:
    # numpy scalars on purpose: the net's outputs are float32, which json refuses.
    scores = {"AU06": np.float32(0.71), "AU12": np.float32(0.93456), "AU45": np.float32(0.2)}
    return Reading(
        Face(Box(1, 2, 30, 40), np.zeros((5, 2), np.float32), 0.9, 3),
        ActionUnits(scores),
        Emotion("happiness", 0.88, {"happiness": 0.88}),
        Attitude("positive", 0.91, {"positive": 0.91}),
        0.8,
        7.0,
    )


def smile(text: str = "smiling") -> Cue:
    return Cue("cue", "smile", text, Priority.NORMAL, 7.1, 9.1, reading(), ("smile",))


def gone() -> Cue:
    return Cue("no_face", "no_face", "no one there", Priority.NORMAL, 8.0, 10.0)


def camera_lost() -> Cue:
    return Cue("health", "camera_lost", "camera lost", Priority.NOW, 8.5, 10.5)
