"""Who gets in at amqtt, and which topics are whose: loaded by amqtt itself, by name."""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

try:
    from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
except ImportError:  # an extra: without it nobody loads this, but the module can still be looked at
    BaseAuthPlugin = BaseTopicPlugin = object


@dataclass
class _Config:
    file: str = ""


class Passwords(BaseAuthPlugin):  # type: ignore[misc]
    """Lets in whom the file names, by password."""

    Config = _Config

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self._known = _read(context)

    async def authenticate(self, *, session: Any) -> bool:
        """Whether name and password are right, and the last will is for a topic of the user's."""
        known = self._known.get(session.username or "")
        given = session.password or ""
        if known is None or not hmac.compare_digest(known["password"].encode(), given.encode()):
            return False
        # amqtt asks nobody before it publishes a will.
        will = session.will_topic if session.will_flag else None
        return will is None or any(covers(allowed, will) for allowed in known["write"])


class Rights(BaseTopicPlugin):  # type: ignore[misc]
    """Refuses every topic that is not the user's."""

    Config = _Config

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self._known = _read(context)

    async def topic_filtering(self, *, session: Any = None, topic: Any = None, action: Any = None) -> bool:
        """Whether the user may read or write this topic, or subscribe to this filter."""
        known = self._known.get(getattr(session, "username", None) or "", {})
        filters = known.get("write" if str(action) == "publish" else "read", [])
        return any(covers(allowed, topic or "") for allowed in filters)


def covers(allowed: str, wanted: str) -> bool:
    """Whether everything that a topic or filter matches is matched by the allowed filter (MQTT 5, 4.7)."""
    mine, theirs = allowed.split("/"), wanted.split("/")
    for level, part in enumerate(mine):
        if part == "#":
            # "a/#" is also "a", but a wildcard first never means a topic of the broker's own.
            return not (level == 0 and theirs[0].startswith("$"))
        if level >= len(theirs) or theirs[level] == "#":
            return False
        if part != "+" and part != theirs[level]:
            return False
    return len(mine) == len(theirs)


def _read(context: Any) -> dict[str, Any]:
    known: dict[str, Any] = json.loads(Path(context.config.file).read_text(encoding="utf-8"))
    return known
