"""What Home Assistant is told of this device, so that it shows it without any configuration there.

Source: home-assistant.io/integrations/mqtt, "Device discovery payload".
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from edge.control.commands import COMMANDS
from edge.facs import ATTITUDES, EMOTIONS
from edge.mqtt.message import Message
from edge.mqtt.payloads import encode
from edge.mqtt.topics import Topics, client_id, device, topics
from edge.settings import MqttSettings
from edge.types import UNSURE

Component = dict[str, object]

HEALTH_EXPIRY_SECONDS = 90
"""Health comes every 30 s; after three that are missing nothing is known any more."""
BUTTONS = {
    "what_now": ("What is to be seen", "mdi:eye-outline"),
    "repeat": ("Say it again", "mdi:replay"),
    "status": ("Say how it is", "mdi:information-outline"),
    "reset_neutral": ("Forget resting faces", "mdi:account-off-outline"),
}
SWITCHES = {"mute": ("Muted", "muted", "mdi:volume-off"), "pause": ("Paused", "paused", "mdi:camera-off")}
NUMBERS = {"rate": ("Rate of speech", "mdi:speedometer"), "volume": ("Volume", "mdi:volume-high")}
SELECTS = {"verbosity": ("How much is said", "mdi:text"), "level": ("How deep it goes", "mdi:layers-outline")}


def discovery(settings: MqttSettings, commands: bool = True) -> Message:
    """The retained message that makes the device and its entities.

    The names in it stay the same from start to start, so that Home Assistant keeps what users made of its
    entities. commands: whether to show switches and buttons for them.
    """
    names, own = topics(settings), identity(settings)
    components = dict(_sensors(names))
    if commands:
        components.update(_controls(names))
    for key, component in components.items():
        component["unique_id"] = f"{own}_{key}"
    device_: Component = {"identifiers": [own], "name": device(settings), "model": "facecue"}
    origin: Component = {"name": "facecue"}
    if installed := _version():
        device_["sw_version"] = origin["sw_version"] = installed
    body = {
        "device": device_,
        "origin": origin,
        "availability_topic": names.available,
        "qos": 1,
        "components": components,
    }
    return Message(f"{settings.home_assistant_prefix}/device/{own}/config", encode(body), retain=True)


def identity(settings: MqttSettings) -> str:
    """Names the device to Home Assistant, which takes letters, digits, hyphens and underscores only."""
    name = client_id(settings)
    plain = re.sub(r"[^a-zA-Z0-9_-]", "_", name)
    # Two names must not become one.
    return plain if plain == name else f"{plain}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _sensors(names: Topics) -> Iterator[tuple[str, Component]]:
    """What the device sees and how it is."""
    yield (
        "person",
        {
            "platform": "binary_sensor",
            "name": "Person",
            "device_class": "occupancy",
            "state_topic": names.state,
            "value_template": _either("value_json.person", "ON", "OFF"),
        },
    )
    yield (
        "movement",
        {
            "platform": "sensor",
            "name": "Movement",
            "icon": "mdi:emoticon-outline",
            "state_topic": names.state,
            "value_template": (
                "{{ value_json.text if value_json.person and value_json.kind == 'cue' else 'None' }}"
            ),
        },
    )
    for key, choices in (("attitude", ATTITUDES), ("emotion", EMOTIONS)):
        yield (
            key,
            {
                "platform": "sensor",
                "name": key.capitalize(),
                "device_class": "enum",
                "options": [*choices, UNSURE],
                "state_topic": names.state,
                "value_template": f"{{{{ (value_json.{key} if value_json.person else none) or 'None' }}}}",
            },
        )
    yield (
        "problem",
        {
            **_health(
                names,
                "binary_sensor",
                "Problem",
                _either("value_json.well", "OFF", "ON"),
            ),
            "device_class": "problem",
            "json_attributes_topic": names.health,
        },
    )
    for key, words, class_, unit in (
        ("temperature_c", "Temperature", "temperature", "°C"),
        ("battery_percent", "Battery", "battery", "%"),
        ("latency_ms", "Latency", "duration", "ms"),
    ):
        value = f"{{{{ value_json.{key} if value_json.{key} is not none else 'None' }}}}"
        yield (
            key,
            {
                **_health(names, "sensor", words, value),
                "device_class": class_,
                "unit_of_measurement": unit,
                "state_class": "measurement",
            },
        )


def _health(names: Topics, platform: str, words: str, template: str) -> Component:
    return {
        "platform": platform,
        "name": words,
        "entity_category": "diagnostic",
        "expire_after": HEALTH_EXPIRY_SECONDS,
        "state_topic": names.health,
        "value_template": template,
    }


def _controls(names: Topics) -> Iterator[tuple[str, Component]]:
    """What the device can be told."""
    for key, (words, icon) in BUTTONS.items():
        yield key, {**_control(names, key, "button", words, icon), "payload_press": "press"}
    for key, (words, shown, icon) in SWITCHES.items():
        yield (
            key,
            {
                **_control(names, key, "switch", words, icon),
                "payload_on": "on",
                "payload_off": "off",
                "state_topic": names.state,
                "value_template": _either(f"(value_json.set or {{}}).get('{shown}')", "on", "off"),
                "state_on": "on",
                "state_off": "off",
            },
        )
    for key, (words, icon) in NUMBERS.items():
        kind = COMMANDS[key]
        yield (
            key,
            {
                **_control(names, key, "number", words, icon),
                "min": kind.least,
                "max": kind.most,
                "step": 5,
                "unit_of_measurement": "%" if kind.unit == "percent" else kind.unit,
                "entity_category": "config",
                "state_topic": names.state,
                "value_template": f"{{{{ (value_json.set or {{}}).get('{key}') or 'None' }}}}",
            },
        )
    for key, (words, icon) in SELECTS.items():
        options = [word for word in COMMANDS[key].words if word != "next"]
        yield (
            key,
            {
                **_control(names, key, "select", words, icon),
                "options": options,
                "entity_category": "config",
                "state_topic": names.state,
                "value_template": f"{{{{ (value_json.set or {{}}).get('{key}') or 'None' }}}}",
            },
        )


def _control(names: Topics, key: str, platform: str, words: str, icon: str) -> Component:
    return {"platform": platform, "name": words, "icon": icon, "command_topic": f"{names.set}/{key}"}


def _either(value: str, true: str, false: str) -> str:
    """A template for what is true, false or not known; "None" is Home Assistant's word for the last."""
    return f"{{{{ '{true}' if {value} == true else '{false}' if {value} == false else 'None' }}}}"


def _version() -> str:
    try:
        return version("facecue")
    except PackageNotFoundError:
        return ""
