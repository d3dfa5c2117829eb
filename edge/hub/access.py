"""What a device, a phone or a helper needs to get at the hub; read from the state folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from edge.errors import HubError
from edge.hub import pairing
from edge.hub.ca import CA
from edge.hub.names import best
from edge.hub.state import StateFolder
from edge.hub.status import TOKEN
from edge.hub.users import PHONE, password_name, users
from edge.mqtt.topics import device as own_device
from edge.settings import Settings


@dataclass(frozen=True)
class Pairing:
    """install: how a phone comes to trust the hub; no secret. link: pairs a phone. status: for a helper.
    spoken: the address of install for the ear."""

    device: str
    install: str
    link: str
    status: str
    spoken: str


def devices(settings: Settings) -> list[str]:
    """Those of hub.devices, else this one."""
    return settings.hub.devices or [own_device(settings.mqtt)]


def pair(settings: Settings, state: StateFolder, device: str) -> Pairing:
    """Links for the phones of a device. Raises HubError for one the broker does not know."""
    hub = settings.hub
    if hub.broker == "none" and not hub.websocket:
        raise HubError("hub.broker is none, so phones need hub.websocket, the wss:// address of the broker")
    elsewhere = hub.websocket if hub.broker == "none" else ""
    if not elsewhere and device not in devices(settings):
        raise HubError(f"no device is called {device!r}: it is one of {', '.join(devices(settings))}")
    host = best(hub.names)
    page = pairing.address(host, hub.port)
    # A broker elsewhere has users of its own: the phone's name and password are typed in there.
    user = "" if elsewhere else f"{device}{PHONE}"
    password = "" if elsewhere else state.secret(password_name(user))
    return Pairing(
        device,
        pairing.address(host, hub.port, "http"),
        pairing.link(page, device, settings.mqtt.prefix, user, password, elsewhere),
        pairing.status_link(page, state.secret(TOKEN)),
        pairing.spoken(host, hub.port),
    )


def device_settings(settings: Settings, state: StateFolder, device: str, host: str = "localhost") -> str:
    """The lines of facecue.toml that let a device in. Raises HubError."""
    if device not in devices(settings):
        raise HubError(f"no device is called {device!r}: it is one of {', '.join(devices(settings))}")
    state.secret(password_name(device))
    values = {
        "host": host,
        "port": settings.hub.mqtt_port,
        "prefix": settings.mqtt.prefix,
        "device": device,
        "username": device,
        "password_file": str(state.file(password_name(device)).absolute()),
        "tls": True,
        "ca_file": str(state.file(CA).absolute()),
    }
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    return "\n".join(["[mqtt]", *lines])


def forget_phones(settings: Settings, state: StateFolder) -> Sequence[str]:
    """New passwords for all phones and a new token: who had the old ones is out. Returns the phones."""
    phones = [u.name for u in users(settings.mqtt, devices(settings)) if u.name.endswith(PHONE)]
    for phone in phones:
        state.renew_secret(password_name(phone))
    state.renew_secret(TOKEN)
    return phones
