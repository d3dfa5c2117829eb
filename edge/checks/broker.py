"""Whether the MQTT broker takes this device."""

from __future__ import annotations

from edge.checks.finding import Finding, note, right, wrong
from edge.errors import MqttError
from edge.mqtt.faults import place
from edge.mqtt.sink import MqttSink
from edge.settings import MqttSettings

NAME = "broker"


def check(settings: MqttSettings) -> Finding:
    """Connects once and goes again."""
    if not settings.host:
        return note(NAME, "no broker is set (mqtt.host), so nothing is published")
    try:
        MqttSink.check(settings)
    except MqttError as error:
        return wrong(NAME, " ".join(str(error).split()), spoken="no link to the phone")
    return right(NAME, f"the broker at {place(settings)} takes this device")
