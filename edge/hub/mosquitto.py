"""The configuration of the mosquitto that the hub runs."""

from __future__ import annotations

import getpass
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from edge.errors import HubError
from edge.hub.ca import CA, SERVER
from edge.hub.state import StateFolder
from edge.hub.users import User, mosquitto_passwords, mosquitto_rights, passwords

SYSTEM_PATH = "/usr/sbin:/usr/local/sbin"
LEAST_VERSION = (2, 0)
MOST_BYTES = 65536
OWN_LINES = "mosquitto.d"
"""Folder of further configuration, such as a bridge: docs/fleet.md."""


def program() -> str | None:
    """Path of mosquitto, None where it is not installed. Debian keeps it where only root looks."""
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}")


def check_version(path: str) -> None:
    """Raises HubError for one that is too old for the configuration written here."""
    try:
        done = subprocess.run([path, "-h"], capture_output=True, text=True, timeout=10.0)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise HubError(f"{path} does not start ({error}): install mosquitto anew") from error
    found = re.search(r"version (\d+)\.(\d+)", done.stdout)
    if found and (int(found[1]), int(found[2])) < LEAST_VERSION:
        raise HubError(f"mosquitto {found[1]}.{found[2]} is too old: install mosquitto 2.0 or newer")


def write(state: StateFolder, known: Sequence[User], port: int, websocket_port: int) -> Path:
    """Configuration, passwords and rights; returns the configuration's path. Raises HubError.

    port: for devices, over TLS. websocket_port: on this computer only; phones come through the
    hub's own HTTPS.
    """
    write_users(state, known)
    own = state.file(OWN_LINES)
    own.mkdir(mode=0o700, exist_ok=True)
    # Nothing is kept on disk: devices publish what is retained on every connection, and a cue is stale
    # before a broker is back.
    lines = [
        "per_listener_settings false",
        "allow_anonymous false",
        f"password_file {state.file('mosquitto.passwords')}",
        f"acl_file {state.file('mosquitto.rights')}",
        "persistence false",
        f"message_size_limit {MOST_BYTES}",
        "max_queued_messages 1000",
        "max_keepalive 600",
        "persistent_client_expiration 1d",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
        "connection_messages false",
        # Started by root it would become a user who may not read this folder.
        f"user {getpass.getuser()}",
        f"listener {port}",
        f"cafile {state.file(CA)}",
        f"certfile {state.file(SERVER)}",
        f"keyfile {state.file(SERVER)}",
        "tls_version tlsv1.2",
        f"listener {websocket_port} 127.0.0.1",
        "protocol websockets",
        f"include_dir {own}",
    ]
    return state.write("mosquitto.conf", "\n".join(lines) + "\n")


def write_users(state: StateFolder, known: Sequence[User]) -> None:
    """Passwords and rights alone; a broker that runs reads them again on SIGHUP. Raises HubError."""
    state.write("mosquitto.rights", mosquitto_rights(known))
    state.write("mosquitto.passwords", mosquitto_passwords(passwords(state, known)))
