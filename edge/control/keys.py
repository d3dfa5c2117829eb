"""The keys of a terminal: which there are, what they mean, and how a terminal sends them."""

from __future__ import annotations

from dataclasses import dataclass

from edge.control.commands import Command

ESCAPE = 0x1B
ARROWS = {"A": "up", "B": "down", "C": "right", "D": "left"}
"""The last letter of what a terminal sends for an arrow (ECMA-48, and DEC's application mode)."""


@dataclass(frozen=True)
class Key:
    """One key. names: the first is the one that is told. does: what it does, as a key of the catalogue."""

    names: tuple[str, ...]
    does: str
    command: Command


KEYS = (
    Key(("space", "w"), "do_what_now", Command("what_now")),
    Key(("a",), "do_aim", Command("aim")),
    Key(("r",), "do_repeat", Command("repeat")),
    Key(("s",), "do_status", Command("status")),
    Key(("m",), "do_mute", Command("mute", "toggle")),
    Key(("p",), "do_pause", Command("pause", "toggle")),
    Key(("f", "right"), "faster", Command("rate", "faster")),
    Key(("d", "left"), "slower", Command("rate", "slower")),
    Key(("l", "up"), "louder", Command("volume", "louder")),
    Key(("k", "down"), "quieter", Command("volume", "quieter")),
    Key(("v",), "do_verbosity", Command("verbosity", "next")),
    Key(("e",), "do_level", Command("level", "next")),
    Key(("n",), "do_reset_neutral", Command("reset_neutral")),
    Key(("q",), "do_quit", Command("quit")),
    Key(("?", "h"), "do_keys", Command("keys")),
)
"""Side by side under one hand: d and f for the speed, k and l for the volume."""

BY_NAME = {name: key.command for key in KEYS for name in key.names}


class KeyStream:
    """Bytes of a terminal to names of keys; what belongs to one key may come in pieces."""

    def __init__(self) -> None:
        self._begun = b""

    def feed(self, data: bytes) -> list[str]:
        """The keys that are complete: "a", "space", "left", or "" for one that has no name here."""
        keys = []
        for value in data:
            if not self._begun:
                if value == ESCAPE:
                    self._begun = b"\x1b"
                elif value < 0x80 or value >= 0xC0:  # else the rest of a character that was counted
                    keys.append(_name(value))
                continue
            self._begun += bytes([value])
            if len(self._begun) == 2 and value in b"[O":
                continue
            # A sequence ends with a letter or a tilde; in between stand digits and semicolons.
            if len(self._begun) > 2 and 0x20 <= value < 0x40 and len(self._begun) < 16:
                continue
            plain = len(self._begun) == 3
            keys.append(ARROWS.get(chr(value), "") if plain else "")
            self._begun = b""
        return keys

    @property
    def begun(self) -> bool:
        """Whether the beginning of a key has come, or the escape key alone."""
        return bool(self._begun)

    def pause(self) -> list[str]:
        """Nothing came for a while: what had begun was a key without a name here."""
        keys = [""] if self._begun else []
        self._begun = b""
        return keys


def summary() -> str:
    """The keys in one sentence, for the command line's help."""
    words = {
        "do_what_now": "what is seen now",
        "do_aim": "where in the picture",
        "do_repeat": "say that again",
        "do_status": "is all well",
    }
    parts = []
    for key in KEYS:
        plain = words.get(key.does, key.does.replace("do_", "").replace("_", " "))
        parts.append(f"{' or '.join(key.names)}: {plain}")
    return "; ".join(parts)


def _name(value: int) -> str:
    if value == 0x20:
        return "space"
    return chr(value).lower() if 0x20 < value < 0x7F else ""
