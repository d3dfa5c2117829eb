"""The broker in pure Python, where there is no mosquitto: MQTT 3.1.1 only, slower, and less safe.

amqtt 0.12 looks up the session of a client's name before it asks for the password, so anybody in the
network can throw clients out, and a user who takes another's client name gets what waits for it. That is
for trying out at home, and hub.py says so.

Run by the hub as a process of its own: python -m edge.hub.amqtt_broker CONFIGURATION.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge.hub.ca import SERVER
from edge.hub.state import StateFolder
from edge.hub.users import User, passwords

RIGHTS = "amqtt.rights.json"


def installed() -> bool:
    """Whether amqtt is; it needs Python 3.10."""
    return sys.version_info >= (3, 10) and importlib.util.find_spec("amqtt") is not None


def write(state: StateFolder, known: Sequence[User], port: int, websocket_port: int) -> Path:
    """Configuration, passwords and rights; returns the configuration's path. Raises HubError."""
    write_users(state, known)
    secure = {"ssl": True, "certfile": str(state.file(SERVER)), "keyfile": str(state.file(SERVER))}
    rights = {"file": str(state.file(RIGHTS))}
    table = {
        "listeners": {
            "default": {"type": "tcp", "bind": f"0.0.0.0:{port}", **secure},
            "phones": {"type": "ws", "bind": f"127.0.0.1:{websocket_port}"},
        },
        "plugins": {"edge.hub.amqtt_rights.Passwords": rights, "edge.hub.amqtt_rights.Rights": rights},
    }
    return state.write("amqtt.json", json.dumps(table, indent=1))


def write_users(state: StateFolder, known: Sequence[User]) -> None:
    """Passwords and rights alone; read at the broker's start. Raises HubError."""
    words = passwords(state, known)
    table = {u.name: {"password": words[u.name], "read": u.read, "write": u.write} for u in known}
    state.write(RIGHTS, json.dumps(table, indent=1))


async def _serve(table: dict[str, Any]) -> None:
    from amqtt.broker import Broker
    from amqtt.contexts import BrokerConfig

    # A listener that says nothing of TLS would take over what the default one says.
    config = BrokerConfig.from_dict(table)
    config.listeners["phones"].ssl = False
    config.listeners["phones"].certfile = config.listeners["phones"].keyfile = None
    broker = Broker(config)
    end = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end.set)
    await broker.start()
    await end.wait()
    await broker.shutdown()


def main() -> None:
    """Serve until SIGTERM."""
    asyncio.run(_serve(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()
