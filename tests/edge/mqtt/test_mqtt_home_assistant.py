"""What Home Assistant is told; scripts/check-home-assistant holds it against Home Assistant itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from realbroker import Broker, Faults, Phone, smile, wait_until

from edge.control.commands import COMMANDS, parse
from edge.control.control import Control
from edge.mqtt.home_assistant import discovery, identity
from edge.mqtt.outbox import Counts
from edge.mqtt.payloads import health_payload, state_payload
from edge.mqtt.sink import MqttSink
from edge.settings import MqttSettings
from edge.types import Reading

SETTINGS = MqttSettings(host="h", device="glasses")
TOPIC = "homeassistant/device/facecue-glasses/config"
TS = "2026-01-31T12:00:00.123Z"


def components(**changed: object) -> dict[str, dict[str, object]]:
    return dict(json.loads(discovery(SETTINGS, **changed).payload)["components"])  # type: ignore[arg-type]


def test_nothing_is_told_unless_it_is_wanted(
    broker: Broker, phone: Phone, make_sink: Callable[..., MqttSink]
) -> None:
    make_sink(broker.settings(), (), Faults()).deliver(smile())
    wait_until(lambda: phone.seqs() == [1], "the cue arrives")
    assert not [message for message in phone.received if message.topic.startswith("homeassistant")]


def test_it_is_retained_and_the_same_after_every_start(
    broker: Broker, phone: Phone, make_sink: Callable[..., MqttSink]
) -> None:
    for start in (1, 2):
        sink = make_sink(broker.settings(home_assistant=True), (), Faults(), None, Control())
        wait_until(lambda start=start: len(phone.on(TOPIC)) == start, "it is told")
        sink.close()
    late = Phone(broker.port, "home-assistant")
    try:
        wait_until(lambda: bool(late.on(TOPIC)), "it is still there")
        assert late.on(TOPIC)[0].retained
    finally:
        late.close()
    assert len({message.payload for message in (*phone.on(TOPIC), *late.on(TOPIC))}) == 1
    assert "mute" in phone.on(TOPIC)[0].json["components"]  # type: ignore[operator]


def test_without_commands_nothing_can_be_pressed() -> None:
    assert {each["platform"] for each in components(commands=False).values()} == {"sensor", "binary_sensor"}
    assert not any("command_topic" in each for each in components(commands=False).values())


def test_what_it_sends_is_understood() -> None:
    sent = 0
    for key, component in components().items():
        if "command_topic" not in component:
            continue
        assert component["command_topic"] == f"facecue/glasses/set/{key}"
        options = component.get("options")
        payloads = list(options) if isinstance(options, list) else []
        payloads += [
            component[each] for each in ("payload_press", "payload_on", "payload_off") if each in component
        ]
        payloads += [f"{component[each]}" for each in ("min", "max") if each in component]
        payloads += [f"{component['min']}.0"] if "min" in component else []
        assert payloads, key
        for payload in payloads:
            assert parse(key, payload).name == key
            sent += 1
    assert sent >= 16


def test_no_command_from_afar_is_missing_without_a_reason() -> None:
    # Keys are for those at a keyboard, aiming is heard at the device.
    missing = {name for name, kind in COMMANDS.items() if not kind.local} - set(components())
    assert missing <= {"keys", "aim"}


def test_every_entity_has_a_name_of_its_own() -> None:
    ids = [component["unique_id"] for component in components().values()]
    names = [component["name"] for component in components().values()]
    assert len(ids) == len(set(ids)) == len(set(names))
    assert all(str(each).startswith("facecue-glasses_") for each in ids)


@pytest.mark.parametrize("device", ["glasses", "a.b", "a_b", "Žofie", "a b", "a/b"])
def test_its_topic_is_one_that_home_assistant_listens_to(device: str) -> None:
    made = discovery(MqttSettings(host="h", device=device))
    assert re.fullmatch(r"homeassistant/device/[a-zA-Z0-9_-]+/config", made.topic)
    others = {"glasses", "a.b", "a_b", "Žofie", "a b"} - {device}
    assert identity(MqttSettings(device=device)) not in {identity(MqttSettings(device=o)) for o in others}


def rendered(key: str, body: dict[str, object]) -> str:
    jinja2 = pytest.importorskip("jinja2", reason="needs the train extra")
    template = jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(
        components()[key]["value_template"]
    )
    return str(template.render(value_json=json.loads(json.dumps(body))))


def test_templates_show_what_the_state_tells() -> None:
    told = {"muted": True, "paused": False, "rate": 170, "volume": 40, "verbosity": "few", "level": None}
    state = state_payload(smile(), True, ("movements", "emotion"), TS, "s", 1, told)
    shown = {
        "person": "ON",
        "movement": "smiling",
        "attitude": "positive",
        "emotion": "happiness",
        "mute": "on",
        "pause": "off",
        "rate": "170",
        "volume": "40",
        "verbosity": "few",
        "level": "None",
    }
    assert {key: rendered(key, state) for key in shown} == shown
    for person, word in ((False, "OFF"), (None, "None")):
        away = state_payload(smile(), person, ("movements", "emotion"), TS, "s", 1)
        assert {key: rendered(key, away) for key in shown} == {**dict.fromkeys(shown, "None"), "person": word}


def test_templates_show_how_the_device_is() -> None:
    machine = {"celsius": 58.4, "battery_percent": 0}
    body = health_payload({"well": False, "machine": machine, "age_ms": 71}, Counts(0, 0, 0, True), TS)
    keys = ("problem", "temperature_c", "battery_percent", "latency_ms")
    assert [rendered(key, body) for key in keys] == ["ON", "58.4", "0", "71.0"]
    nothing = health_payload({}, Counts(0, 0, 0, True), TS)
    assert {rendered(key, nothing) for key in keys} == {"None"}


def test_a_reading_shows_only_names_that_are_among_the_options() -> None:
    reading: Reading | None = smile().reading
    assert reading is not None
    assert reading.emotion.name in components()["emotion"]["options"]  # type: ignore[operator]
    assert {"unsure", "positive"} <= set(components()["attitude"]["options"])  # type: ignore[call-overload]


def test_a_broker_that_denies_it_costs_no_cue_and_no_word_to_the_user(
    start_broker: Callable[..., Broker],
    tmp_path_factory: pytest.TempPathFactory,
    make_sink: Callable[..., MqttSink],
    caplog: pytest.LogCaptureFixture,
) -> None:
    rules = tmp_path_factory.mktemp("rules") / "acl"
    rules.write_text("topic readwrite facecue/#\n")
    broker = start_broker("allow_anonymous true", f"acl_file {rules}")
    faults = Faults()
    sink = make_sink(broker.settings(home_assistant=True), (), faults)
    phone = Phone(broker.port)
    try:
        sink.deliver(smile())
        wait_until(
            lambda: phone.seqs() == [1] and TOPIC in caplog.text, "the cue arrives, the denial is logged"
        )
    finally:
        phone.close()
    assert faults.told == []
