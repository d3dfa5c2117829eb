"""What is published, and what the documentation shows, keeps to the published schemas."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from realbroker import Broker, Faults, Phone, camera_lost, gone, smile, wait_until
from schemas import NAMES, check, schema

from edge.control.commands import COMMANDS, parse
from edge.control.control import Control
from edge.errors import CommandError
from edge.facs import UNIT_COLUMNS
from edge.mqtt.sink import MqttSink
from edge.types import Cue, Priority

DOCUMENT = Path(__file__).parents[3] / "docs" / "mqtt.md"
SET = {"muted": False, "paused": True, "rate": 170, "volume": 40, "verbosity": "few", "level": None}


def examples() -> list[dict[str, object]]:
    return [
        json.loads(text) for text in re.findall(r"```json\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_every_schema_is_one(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(name))
    assert f"(../edge/mqtt/schema/{name}.json)" in DOCUMENT.read_text("utf-8")


def test_the_documents_examples_are_whole_and_right() -> None:
    names = ["cue", "state", "health", "command", "ack"]
    assert sorted(names) == NAMES
    for name, example in zip(names, examples()):
        check(name, example)
        assert list(example) == list(schema(name)["properties"]), name  # type: ignore[call-overload]
    for key in schema("cue")["properties"]:  # type: ignore[attr-defined]
        assert f"| `{key}` |" in DOCUMENT.read_text("utf-8"), f"{key} is not in the table of a cue"


def test_what_is_published_keeps_to_them(
    broker: Broker, phone: Phone, make_sink: Callable[..., MqttSink]
) -> None:
    control = Control()
    sink = make_sink(broker.settings(), ("movements", "emotion"), Faults(), lambda: 7.5, control)
    answer = Cue("answer", "muted", "muted", Priority.NOW, 9.0, 11.0, None, ("muted",))
    for cue in (smile(), gone(), camera_lost(), answer):
        sink.deliver(cue)
    sink.show(("movements",), SET)
    wait_until(lambda: len(phone.seqs()) == 4, "the cues arrive")
    base = "facecue/glasses"
    phone.publish(f"{base}/set/mute", b'{"value": "perhaps", "id": "x"}')
    wait_until(lambda: bool(phone.on(f"{base}/ack") and phone.on(f"{base}/health")), "ack and health arrive")
    wait_until(lambda: any(m.json["set"] == SET for m in phone.on(f"{base}/state")), "the state arrives")
    for message in phone.received:
        name = message.topic.rpartition("/")[2]
        if name in NAMES:
            check(name, message.json)
    assert {m.topic.rpartition("/")[2] for m in phone.received} >= {"cue", "state", "health", "ack"}


def test_a_wrong_payload_is_noticed() -> None:
    for wrong in (
        {"seq": 0},
        {"ts": "today"},
        {"emotion": "bored"},
        {"action_units": {"AU12": 1.5}},
        {"new": 1},
    ):
        with pytest.raises((jsonschema.ValidationError, AssertionError)):
            check("cue", {**examples()[0], **wrong})


def test_the_schema_of_commands_says_what_is_understood() -> None:
    told = schema("command")["$defs"]
    assert isinstance(told, dict)
    # Who adds a command adds it to command.json and to the commands of ack.json.
    assert set(told) == {name for name, kind in COMMANDS.items() if not kind.local}
    assert set(schema("ack")["properties"]["command"]["enum"]) == {*COMMANDS, None}  # type: ignore[index]
    words = {"", "press", "on", "off", "toggle", *(word for kind in COMMANDS.values() for word in kind.words)}
    for name in told:
        validator = jsonschema.Draft202012Validator(told[name])
        for word in sorted(words - {""} | {""}):
            assert validator.is_valid(word) == understood(name, word), (name, word)
        for number in (0, 10, 79, 80, 100, 101, 450, 451):
            assert validator.is_valid(number) == understood(name, str(number)), (name, number)


def understood(name: str, text: str) -> bool:
    try:
        parse(name, text)
    except CommandError:
        return False
    return True


def test_units_have_the_names_that_the_schema_allows() -> None:
    pattern = schema("cue")["properties"]["action_units"]["propertyNames"]["pattern"]  # type: ignore[index]
    assert all(re.search(str(pattern), unit) for unit in UNIT_COLUMNS)
