"""Commands that come from the broker, and what is answered to them."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable

from edge.control.commands import COMMANDS, Command, parse, shown
from edge.control.control import Answer, Control
from edge.errors import CommandError
from edge.mqtt.message import Message
from edge.mqtt.payloads import VERSION, encode, timestamp
from edge.mqtt.topics import Topics
from edge.uptime import uptime

log = logging.getLogger(__name__)

MOST_BYTES = 512
"""A longer payload is not read; the longest sound one has about a hundred bytes."""
LONGEST_ID = 64
EXPIRY_SECONDS = 10.0
"""Whoever waits longer for an answer has gone."""


class Inbox:
    """Leaves what arrives under `<base>/set/` with the control, and has every message acknowledged once.

    send: queues a message for the broker; called on the connection's thread for what is refused at once,
    and on the loop's for the rest.
    """

    def __init__(self, topics: Topics, control: Control, send: Callable[[Message], None]) -> None:
        self.filter = f"{topics.set}/+"
        self._base = f"{topics.set}/"
        self._ack = topics.ack
        self._control = control
        self._send = send

    def take(self, topic: str, payload: bytes, retained: bool) -> None:
        """One message as it came. Raises nothing and does not wait."""
        name = topic[len(self._base) :]
        identity: str | None = None
        try:
            value, identity = _read(payload)
            if retained:
                raise CommandError(
                    "a retained command is not obeyed, or it would be again at every connection; "
                    "publish it without retain"
                )
            command = parse(name, value)
            if COMMANDS[command.name].local:
                raise CommandError(f"{command.name} is only obeyed at the device itself")
            self._control.submit(command, lambda answer: self._answer(name, command, identity, answer))
        except CommandError as error:
            log.info("mqtt: %s: %s", shown(name), error)
            self._answer(name, None, identity, Answer(False, "", (), str(error)))

    def _answer(self, name: str, command: Command | None, identity: str | None, answer: Answer) -> None:
        body = {
            "v": VERSION,
            "command": name if name in COMMANDS else None,
            "value": command.value if command else None,
            "ok": answer.ok,
            "text": answer.text or None,
            "reason": answer.reason or None,
            "id": identity,
            "ts": timestamp(time.time()),
        }
        self._send(Message(self._ack, encode(body), expires_at=uptime() + EXPIRY_SECONDS))


def _read(payload: bytes) -> tuple[str, str | None]:
    """The value as text, and the sender's own mark, if the payload is a JSON object. Raises CommandError."""
    if len(payload) > MOST_BYTES:
        raise CommandError(f"a payload of {len(payload)} bytes is too long; send at most {MOST_BYTES}")
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        raise CommandError("the payload is not text in UTF-8; send a word, a number or JSON") from None
    if not text.lstrip().startswith("{"):
        return text, None
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        raise CommandError(
            'the payload is not valid JSON; send for example {"value": "on", "id": "7"}'
        ) from None
    identity = body.get("id")
    if identity is not None and not _sound(identity):
        raise CommandError(f"id must be a plain text of at most {LONGEST_ID} characters")
    if unknown := set(body) - {"value", "id"}:
        raise CommandError(f"{shown(min(unknown))} is not understood; a command has value and id")
    value = body.get("value", "")
    if isinstance(value, bool) or value is None:
        return {True: "on", False: "off", None: ""}[value], identity
    if not isinstance(value, (str, int, float)):
        raise CommandError("value must be a word, a number, true or false")
    return str(value), identity


def _sound(identity: object) -> bool:
    """Half a surrogate pair, which JSON lets through, could not be sent back."""
    return isinstance(identity, str) and len(identity) <= LONGEST_ID and identity.isprintable()
