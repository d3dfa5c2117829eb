"""Who may do what at the hub's broker: passwords, and rights of every device and its phones."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from edge.errors import HubError
from edge.hub.state import StateFolder
from edge.mqtt.home_assistant import identity
from edge.settings import MqttSettings

HUB_USER, HOME_USER = "hub", "home"
"""The status page, which only reads; and a home system, which reads and commands every device."""
PHONE = "-phone"
ROUNDS = 101
"""What mosquitto_passwd takes; the passwords are 128 random bits, which no list holds."""


@dataclass(frozen=True)
class User:
    """A name at the broker. read, write: filters of topics; what stands in neither is refused."""

    name: str
    read: tuple[str, ...]
    write: tuple[str, ...]


def users(mqtt: MqttSettings, devices: Sequence[str]) -> list[User]:
    """For every device itself and its phones; then the status page and the home system. Raises HubError."""
    prefix, home = mqtt.prefix, mqtt.home_assistant_prefix
    found = []
    for device in devices:
        if device in (HUB_USER, HOME_USER) or any(c in device for c in "+#/:\n\0") or not device.strip():
            raise HubError(f"{device!r} cannot be the name of a device: take a short plain word")
        base = f"{prefix}/{device}"
        shown = f"{home}/device/{identity(replace(mqtt, device=device))}/config"
        found.append(User(device, (f"{base}/#", f"{home}/status"), (f"{base}/#", shown)))
        found.append(User(f"{device}{PHONE}", (f"{base}/#",), (f"{base}/set/#",)))
    found.append(User(HUB_USER, (f"{prefix}/#",), ()))
    found.append(
        User(
            HOME_USER,
            (f"{prefix}/#", f"{home}/#"),
            (f"{prefix}/+/set/#", f"{home}/status"),
        )
    )
    twice = {user.name for user in found if [u.name for u in found].count(user.name) > 1}
    if twice:
        raise HubError(f"two devices or phones would be called {', '.join(sorted(twice))}: rename one")
    return found


def password_name(user: str) -> str:
    """Name of the file in the state folder that holds this user's password."""
    return f"passwords/{user}"


def passwords(state: StateFolder, known: Sequence[User]) -> dict[str, str]:
    """Password of every user, made where there is none yet. Raises HubError."""
    return {user.name: state.secret(password_name(user.name)) for user in known}


def mosquitto_passwords(known: Mapping[str, str]) -> str:
    """The password file: PBKDF2 with SHA-512, as mosquitto_passwd 2 writes it."""
    lines = []
    for user, password in known.items():
        salt = secrets.token_bytes(12)
        made = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ROUNDS)
        lines.append(
            f"{user}:$7${ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(made).decode()}"
        )
    return "\n".join(lines) + "\n"


def mosquitto_rights(known: Sequence[User]) -> str:
    """The access list; who has no name in it may do nothing."""
    lines = []
    for user in known:
        lines.append(f"user {user.name}")
        lines += [f"topic readwrite {topic}" for topic in user.read if topic in user.write]
        lines += [f"topic read {topic}" for topic in user.read if topic not in user.write]
        lines += [f"topic write {topic}" for topic in user.write if topic not in user.read]
        lines.append("")
    return "\n".join(lines)
