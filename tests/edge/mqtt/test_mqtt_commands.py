"""Commands from a phone through a real mosquitto: obeyed by the loop, and every one acknowledged."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from fakebrokers import FakeBroker, only_311
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from realbroker import Broker, Faults, Phone, smile, wait_until

from edge.clips import CLIPS
from edge.control.commands import Command
from edge.control.control import CAPACITY, Answer, Control
from edge.mqtt.inbox import MOST_BYTES, Inbox
from edge.mqtt.outbox import Message
from edge.mqtt.sink import MqttSink
from edge.mqtt.topics import topics
from edge.session import Session
from edge.settings import CueSettings, ModelSettings, MqttSettings, Settings, SourceSettings, SpeechSettings

SET, ACK, STATE = "facecue/glasses/set/", "facecue/glasses/ack", "facecue/glasses/state"
MEGABYTE = b"x" * 1_000_000


class Acknowledged:
    """An inbox without a broker, and what it has answered."""

    def __init__(self) -> None:
        self.control = Control()
        self.sent: list[Message] = []
        self.inbox = Inbox(topics(MqttSettings(host="h", device="glasses")), self.control, self.sent.append)

    def take(self, name: str, payload: bytes, retained: bool = False) -> dict[str, object]:
        """The only answer, which the loop gives if there is a command for it."""
        self.sent.clear()
        self.inbox.take(SET + name, payload, retained)
        for request in self.control.take():
            assert request.reply is not None
            request.reply(Answer(True, "done"))
        (message,) = self.sent
        assert message.topic == ACK
        return json_of(message.payload)


def json_of(payload: bytes) -> dict[str, object]:
    return dict(json.loads(payload))


@contextmanager
def sender(port: int) -> Iterator[Client]:
    client = Client(CallbackAPIVersion.VERSION2, "remote", protocol=MQTTProtocolVersion.MQTTv5)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def acks(phone: Phone) -> list[dict[str, object]]:
    return [message.json for message in phone.on(ACK)]


@pytest.mark.parametrize(
    ("name", "payload", "value"),
    [
        ("mute", b"ON", "on"),
        ("rate", b"220", 220),
        ("rate", b'{"value": 220, "id": "7"}', 220),
        ("pause", b'{"value": true}', "on"),
        ("verbosity", b'{"value": "few"}', "few"),
        ("what_now", b"", None),
        ("what_now", b"{}", None),
        ("repeat", b"PRESS", None),
    ],
)
def test_what_is_understood_is_acknowledged_with_its_value(name: str, payload: bytes, value: object) -> None:
    ack = Acknowledged().take(name, payload)
    assert (ack["command"], ack["value"], ack["ok"], ack["text"], ack["reason"]) == (
        name,
        value,
        True,
        "done",
        None,
    )
    assert ack["id"] == ("7" if b"id" in payload else None)


@pytest.mark.parametrize(
    ("name", "payload", "words"),
    [
        ("rate", b"900", "'900' is not understood; give slower, faster or 80 to 450 words per minute"),
        ("dance", b"on", "there is no command 'dance'"),
        ("quit", b"", "quit is only obeyed at the device itself"),
        ("mute", b"\xff\xfe", "not text in UTF-8"),
        ("mute", b'{"value": ', "not valid JSON"),
        ("mute", b'{"value": ["on"]}', "value must be a word"),
        ("mute", b'{"state": "on"}', "'state' is not understood"),
        ("mute", b'{"value": "on", "id": 7}', "id must be a plain text"),
        ("mute", b'{"value": "on", "id": "\\ud800"}', "id must be a plain text"),
        ("mute", b"x" * (MOST_BYTES + 1), f"a payload of {MOST_BYTES + 1} bytes is too long"),
        ("mute", MEGABYTE, "a payload of 1000000 bytes is too long"),
    ],
)
def test_what_is_refused_is_told_in_one_sentence(name: str, payload: bytes, words: str) -> None:
    ack = Acknowledged().take(name, payload)
    assert ack["ok"] is False and words in str(ack["reason"])


def test_a_retained_command_is_not_obeyed() -> None:
    ack = Acknowledged().take("pause", b"on", retained=True)
    assert ack["ok"] is False and "without retain" in str(ack["reason"])


def test_no_payload_crashes_and_each_has_one_answer() -> None:
    rng, made = random.Random(8), Acknowledged()
    pieces = [b"{", b"}", b'"value"', b":", b'"id"', b'"on"', b"on", b"1e999", b"[", b"\xc3", b"\x00", b"-1"]
    understood = 0
    for _ in range(5000):
        name = rng.choice(["mute", "rate", "", "a/b", "\U0001f600", "level"])
        payload = b"".join(rng.choices(pieces, k=rng.randrange(8)))
        understood += bool(made.take(name, payload)["ok"])
    assert understood > 20


def test_a_flood_is_refused_rather_than_kept() -> None:
    made = Acknowledged()
    for _ in range(CAPACITY + 1):
        made.inbox.take(SET + "mute", b"on", False)
    assert "wait already" in str(json_of(made.sent[0].payload)["reason"])
    assert len(made.sent) == 1 and len(made.control.take()) == CAPACITY


@pytest.mark.parametrize("retain", [False, True])
def test_a_command_reaches_the_control_through_the_broker(
    broker: Broker, phone: Phone, make_sink: Callable[..., MqttSink], retain: bool
) -> None:
    control = Control()
    with sender(broker.port) as client:
        if retain:
            client.publish(SET + "pause", b"on", qos=1, retain=True).wait_for_publish()
        make_sink(broker.settings(), [], Faults(), None, control)
        wait_until(lambda: b"online" in phone.available(), "it is online")
        client.publish(SET + "mute", b'{"value": "on", "id": "a"}', qos=1)
        assert control.wait(10.0)
        # What was retained before it came never reaches it.
        (request,) = control.take()
        assert request.command == Command("mute", "on")
        assert request.reply is not None
        request.reply(Answer(True, "muted"))
        wait_until(lambda: len(acks(phone)) == 1, "the acknowledgement")
    assert acks(phone)[0]["text"] == "muted" and acks(phone)[0]["id"] == "a"


def test_an_old_broker_sends_what_was_retained_and_it_is_refused(broker: Broker, phone: Phone) -> None:
    control = Control()
    with sender(broker.port) as client, closing(FakeBroker(only_311(broker.port, says_why=True))) as old:
        client.publish(SET + "pause", b"on", qos=1, retain=True).wait_for_publish()
        with closing(MqttSink(broker.settings(port=old.port), [], Faults(), None, control)):
            wait_until(lambda: len(acks(phone)) == 1, "the refusal")
            assert "without retain" in str(acks(phone)[0]["reason"])
            client.publish(SET + "mute", b"on", qos=1)
            assert control.wait(10.0)
    assert [request.command.name for request in control.take()] == ["mute"]


def test_a_megabyte_is_answered_and_holds_up_no_cue(
    broker: Broker, phone: Phone, make_sink: Callable[..., MqttSink]
) -> None:
    control, faults = Control(), Faults()
    sink = make_sink(broker.settings(), [], faults, None, control)
    wait_until(lambda: b"online" in phone.available(), "it is online")
    with sender(broker.port) as client:
        for _ in range(3):
            client.publish(SET + "mute", MEGABYTE, qos=1)
        sink.deliver(smile())
        wait_until(lambda: phone.seqs() == [1], "the cue")
        wait_until(lambda: len(acks(phone)) == 3, "three answers")
    assert all("too long" in str(ack["reason"]) for ack in acks(phone))
    assert control.take() == [] and faults.told == []


def test_no_command_is_heard_where_the_settings_say_so(
    broker: Broker, phone: Phone, make_sink: Callable[..., MqttSink]
) -> None:
    control = Control()
    sink = make_sink(broker.settings(commands=False), [], Faults(), None, control)
    wait_until(lambda: b"online" in phone.available(), "it is online")
    with sender(broker.port) as client:
        client.publish(SET + "mute", b"on", qos=1).wait_for_publish()
    sink.deliver(smile())
    wait_until(lambda: phone.seqs() == [1], "the cue")
    assert control.take() == [] and acks(phone) == []


def test_what_commands_have_set_is_in_the_state(
    broker: Broker, phone: Phone, make_sink: Callable[..., MqttSink]
) -> None:
    sink = make_sink(broker.settings(), ["movements", "attitude"], Faults())
    sink.deliver(smile())
    sink.show(["movements"], {"muted": True, "rate": 200})
    wait_until(lambda: any(m.json["set"] for m in phone.on(STATE)), "the state")
    state = phone.on(STATE)[-1].json
    assert state["set"] == {"muted": True, "rate": 200}
    # The last cue still stands, with no more of it than the levels now let out.
    assert (state["label"], state["seq"], state["attitude"]) == ("smile", 1, None)


def test_a_whole_run_is_steered_from_the_phone(broker: Broker, phone: Phone, tiny_folder: Path) -> None:
    settings = Settings(
        source=SourceSettings(uri=str(CLIPS / "langer.mp4")),
        model=ModelSettings(folder=str(tiny_folder)),
        cues=CueSettings(levels=[]),
        speech=SpeechSettings(enabled=False),
        mqtt=broker.settings(),
    )
    session = Session(settings)
    thread = threading.Thread(target=session.run, daemon=True)
    thread.start()
    try:
        wait_until(lambda: b"online" in phone.available(), "it is online")
        with sender(broker.port) as client:
            for number, (name, payload, text) in enumerate(
                [
                    ("pause", b"on", "paused"),
                    ("what_now", b"", "paused"),
                    ("mute", b"ON", "muted"),
                    ("rate", b"300", "faster"),
                    ("level", b"emotion", "emotions too"),
                    ("pause", b"off", "running again"),
                ]
            ):
                client.publish(SET + name, payload, qos=1)
                wait_until(lambda number=number: len(acks(phone)) == number + 1, name)  # type: ignore[misc]
                assert (acks(phone)[-1]["ok"], acks(phone)[-1]["text"]) == (True, text)
        wait_until(lambda: phone.on(STATE)[-1].json["set"]["paused"] is False, "the state")  # type: ignore[index]
        shown = phone.on(STATE)[-1].json["set"]
        assert isinstance(shown, dict)
        assert (shown["muted"], shown["rate"], shown["level"]) == (True, 300, "emotion")
        while_paused = [m.json for m in phone.on(STATE) if (m.json["set"] or {}).get("paused")]  # type: ignore[attr-defined]
        assert while_paused[-1]["person"] is None
    finally:
        session.stop.set()
        thread.join(20.0)
    assert not thread.is_alive()
