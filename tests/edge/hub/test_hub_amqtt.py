"""The broker in pure Python: the same doors and rights as with mosquitto."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import hubhelp
import pytest
from hubhelp import CUE, member, running, wait_until
from paho.mqtt.enums import MQTTProtocolVersion

from edge.hub import amqtt_broker
from edge.hub.amqtt_rights import covers

needs_amqtt = pytest.mark.skipif(
    not amqtt_broker.installed(), reason="needs the hub extra: pip install 'facecue[hub]'"
)


@pytest.mark.parametrize(
    ("allowed", "wanted", "right"),
    [
        ("facecue/a/#", "facecue/a/cue", True),
        ("facecue/a/#", "facecue/a", True),
        ("facecue/a/#", "facecue/a/#", True),
        ("facecue/a/#", "facecue/a/+/x", True),
        ("facecue/a/#", "facecue/ab/cue", False),
        ("facecue/a/#", "facecue/+/cue", False),
        ("facecue/a/#", "facecue/#", False),
        ("facecue/a/#", "#", False),
        ("facecue/a/#", "facecue", False),
        ("facecue/+/set/#", "facecue/b/set/mute", True),
        ("facecue/+/set/#", "facecue/+/set/mute", True),
        ("facecue/+/set/#", "facecue/#", False),
        ("facecue/+/set/#", "facecue/b/cue", False),
        ("homeassistant/status", "homeassistant/status", True),
        ("homeassistant/status", "homeassistant/status/x", False),
        ("homeassistant/status", "homeassistant/+", False),
        ("#", "$SYS/broker", False),
        ("#", "a/b", True),
    ],
)
def test_what_a_right_covers(allowed: str, wanted: str, right: bool) -> None:
    assert covers(allowed, wanted) is right


@needs_amqtt
def test_the_same_doors_and_rights(
    needs_openssl: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It refuses MQTT 5.
    monkeypatch.setattr(hubhelp, "VERSION", MQTTProtocolVersion.MQTTv311)
    made = hubhelp.settings(tmp_path)
    made = replace(made, hub=replace(made.hub, broker="amqtt"))
    with running(made) as hub:
        assert hub.broker is not None and hub.broker.name == "amqtt"
        for websocket in (False, True):
            for user, password in (("", ""), ("glasses", "wrong")):
                with member(hub, made, user, websocket=websocket, password=password) as nobody:
                    assert nobody.refused is not None
        with (
            member(hub, made, "glasses") as device,
            member(hub, made, "glasses-phone", websocket=True) as phone,
            member(hub, made, "lamp-phone", websocket=True) as stranger,
        ):
            assert phone.subscribe("facecue/glasses/#") and device.subscribe("facecue/glasses/set/#")
            for topic in ("facecue/glasses/#", "facecue/+/cue", "#"):
                assert not stranger.subscribe(topic)
            stranger.publish("facecue/glasses/set/mute", "forged")
            phone.publish(CUE, "forged")
            device.publish(CUE, "smiling")
            phone.publish("facecue/glasses/set/mute", "on")
            wait_until(lambda: device.received != [] and phone.on(CUE) != [], "what is allowed")
            assert device.on("facecue/glasses/set/mute") == [b"on"]
            assert phone.on(CUE) == [b"smiling"]
            assert stranger.received == []
        with member(hub, made, "lamp-phone", will="facecue/glasses/set/mute") as client:
            assert client.refused is not None
        with member(hub, made, "lamp-phone", will="facecue/lamp/set/mute") as client:
            assert client.refused is None
        first = hub.broker.process_id
        assert first is not None
        hub.broker.kill()
        wait_until(lambda: hub.broker.restarts == 1 and hub.broker.running, "it runs again")
        assert hub.broker.process_id != first
