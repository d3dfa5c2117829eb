"""One connection to the broker, from CONNECT to its end; a lost one is never used again.

paho's own thread and its own reconnecting are not used: they change neither version nor waiting
time between attempts, resend events that have long expired, and wait for an answer forever.
"""

from __future__ import annotations

import select
import socket
import time
from collections import deque
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge.errors import MqttError
from edge.mqtt import faults
from edge.mqtt.credentials import alert, password, tls_context
from edge.mqtt.message import Message
from edge.settings import MqttSettings

QOS = 1
MOST_BYTES = 2 * 1024 * 1024
"""Of one packet to this device; under MQTT 5 the broker keeps longer ones to itself."""
MOST_RECEIVED = 64
"""Messages that may wait to be looked at; more than that in one step is no conversation."""
NO_RETAINED = 2
"""MQTT 5.0, 3.8.3.1: do not send what was retained before the subscription."""


def connect(settings: MqttSettings, client_id: str, will: Message | None = None) -> Link:
    """An accepted connection: MQTT 5, or 3.1.1 where the broker refuses that. Raises MqttError."""
    link = Link(settings, client_id, will, MQTTProtocolVersion.MQTTv5)
    try:
        link.open()
    except MqttError:
        if not link.version_doubtful:
            raise
        link = Link(settings, client_id, will, MQTTProtocolVersion.MQTTv311)
        link.open()
    return link


class Link:
    """Publishes at QoS 1 and collects the answers; to be used on one thread only.

    lost: why the connection has ended, None while it lives. version_doubtful: it ended in a way
    that an older version of the protocol may avoid. acknowledged: (number given by `publish`, None
    or the reason why the broker threw the message away), oldest first, for the caller to empty. received:
    (topic, payload, whether it was retained) of what was subscribed to, likewise. deaf: why the broker
    refuses a subscription, None while it does not.
    """

    def __init__(
        self, settings: MqttSettings, client_id: str, will: Message | None, version: MQTTProtocolVersion
    ) -> None:
        self.version = version
        self.lost: MqttError | None = None
        self.version_doubtful = False
        self.acknowledged: deque[tuple[int, ReasonCode | None]] = deque()
        self.received: deque[tuple[str, bytes, bool]] = deque(maxlen=MOST_RECEIVED)
        self.deaf: ReasonCode | None = None
        self._settings = settings
        self._accepted = False
        self._alerts: list[str] = []
        self._client = Client(
            CallbackAPIVersion.VERSION2, client_id, protocol=version, reconnect_on_failure=False
        )
        self._client.connect_timeout = settings.connect_timeout_seconds
        self._client.username_pw_set(settings.username or None, password(settings))
        if settings.tls:
            self._client.tls_set_context(tls_context(settings, self._alerts))
        if will is not None:
            self._client.will_set(will.topic, will.payload, QOS, will.retain)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_publish = self._on_publish
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message

    def open(self) -> None:
        """Connect and wait for the broker's word. Raises MqttError, told apart in one sentence."""
        try:
            self._client.connect(
                self._settings.host,
                self._settings.port,
                self._settings.keepalive_seconds,
                properties=self._wishes(),
            )
        except (OSError, ValueError) as error:
            raise faults.unreachable(self._settings, error) from error
        deadline = time.monotonic() + self._settings.connect_timeout_seconds
        while not self._accepted and self.lost is None:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                self.lost = faults.no_answer(self._settings)
            else:
                self.step(remaining)
        if self.lost is not None:
            self.drop()
            if self._settings.tls and self.version_doubtful:
                said = self._alerts[-1] if self._alerts else alert(self._settings)
                if refusal := faults.certificate_refused(self._settings, said):
                    self.version_doubtful, self.lost = False, refusal
            raise self.lost

    def subscribe(self, topic_filter: str) -> None:
        """From now on what is published there comes in `received`; what was retained before does not,
        under MQTT 5."""
        if self.version is MQTTProtocolVersion.MQTTv5:
            self._client.subscribe(topic_filter, options=SubscribeOptions(QOS, retainHandling=NO_RETAINED))
        else:
            self._client.subscribe(topic_filter, QOS)

    def publish(self, message: Message, now: float) -> int:
        """Send a message; its number comes back in `acknowledged`. now: of uptime."""
        properties = None
        if message.expires_at is not None and self.version is MQTTProtocolVersion.MQTTv5:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.MessageExpiryInterval = max(1, int(message.expires_at - now))
        sent = self._client.publish(message.topic, message.payload, QOS, message.retain, properties)
        return sent.mid

    def step(self, timeout_seconds: float, wake: socket.socket | None = None) -> None:
        """Let the connection work until something happened, `wake` is readable or the time is over."""
        connection: Any = self._client.socket()
        if connection is None:
            self._end(None)
            return
        # What TLS has already decrypted is not seen by select.
        pending = connection.pending() if self._settings.tls else 0
        readers = [connection] if wake is None else [connection, wake]
        writers = [connection] if self._client.want_write() else []
        readable, writable, _ = select.select(readers, writers, [], 0 if pending else timeout_seconds)
        if wake in readable and wake is not None:
            wake.recv(4096)
        try:
            if pending or connection in readable:
                self._client.loop_read()
            if connection in writable:
                self._client.loop_write()
            self._client.loop_misc()
        except Exception:  # paho before 2.2 stumbles over what is not MQTT
            self.drop()
        if self._client.socket() is None:
            self._end(None)

    def close(self, timeout_seconds: float) -> None:
        """Say goodbye, so that the broker does not publish the will."""
        deadline = time.monotonic() + timeout_seconds
        self._client.disconnect()
        while self._client.socket() is not None and (remaining := deadline - time.monotonic()) > 0:
            self.step(remaining)
        self.drop()

    def freeze(self, seconds: float) -> None:
        """The broker has not answered for so long: this connection is of no use."""
        self.lost = faults.frozen(self._settings, seconds)
        self.drop()

    def drop(self) -> None:
        """End the connection, if it still lives, as a crash would."""
        connection = self._client.socket()
        if connection is not None:
            connection.close()
            self._end(None)

    def _wishes(self) -> Properties | None:
        if self.version is not MQTTProtocolVersion.MQTTv5:
            return None
        wishes = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        wishes.MaximumPacketSize = MOST_BYTES
        return wishes

    def _end(self, reason: ReasonCode | None) -> None:
        if self.lost is None:
            self.version_doubtful = not self._accepted
            end = faults.lost(self._settings, reason) if self._accepted else faults.hung_up(self._settings)
            self.lost = end

    def _on_connect(
        self, _client: Client, _data: object, _flags: object, reason: ReasonCode, _properties: object
    ) -> None:
        if reason.is_failure:
            self.lost = faults.refused(self._settings, reason)
            self.version_doubtful = reason.value == faults.UNSUPPORTED_VERSION
        else:
            self._accepted = True

    def _on_disconnect(
        self, _client: Client, _data: object, flags: Any, reason: ReasonCode, _properties: object
    ) -> None:
        self._end(reason if flags.is_disconnect_packet_from_server else None)

    def _on_publish(
        self, _client: Client, _data: object, number: int, reason: ReasonCode, _properties: object
    ) -> None:
        self.acknowledged.append((number, reason if reason.is_failure else None))

    def _on_subscribe(
        self, _client: Client, _data: object, _number: int, reasons: list[ReasonCode], _properties: object
    ) -> None:
        self.deaf = next((reason for reason in reasons if reason.is_failure), None)

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:  # no broker lets that through; nothing is lost
            return
        self.received.append((topic, bytes(message.payload), message.retain))
