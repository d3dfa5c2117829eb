"""What the device can be told, however it is told: one name and at most one value each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from edge.errors import CommandError

LONGEST = 64
"""Characters of a value; more is a mistake, and is not read."""
SHOWN = 24
"""Characters of what was not understood that are told back."""
SWITCH = ("on", "off", "toggle")
OTHER_WORDS = {"true": "on", "false": "off", "1": "on", "0": "off", "yes": "on", "no": "off"}
"""What programs say for a switch."""
PRESS = "press"
"""What a button of Home Assistant sends; it means nothing more than the command itself."""
VERBOSITIES = ("few", "normal", "many")
DEEPEST = ("movements", "attitude", "emotion")
"""Each includes those before it: how far the device goes in what it says of a face."""


@dataclass(frozen=True)
class Kind:
    """What a command may carry.

    words: the values that are words. least, most: limits of a value that is a whole number, with its
    `unit`; none where there is no unit. default: what no value means, None where one is needed. local:
    only taken from keys and buttons, never from afar.
    """

    words: tuple[str, ...] = ()
    least: int = 0
    most: int = 0
    unit: str = ""
    default: str | None = None
    local: bool = False


COMMANDS: Mapping[str, Kind] = MappingProxyType(
    {
        "what_now": Kind(),
        "aim": Kind(),
        "repeat": Kind(),
        "status": Kind(),
        "mute": Kind(SWITCH, default="toggle"),
        "pause": Kind(SWITCH, default="toggle"),
        "rate": Kind(("slower", "faster"), 80, 450, "words per minute"),
        "volume": Kind(("quieter", "louder"), 10, 100, "percent"),
        "verbosity": Kind((*VERBOSITIES, "next"), default="next"),
        "level": Kind((*DEEPEST, "next"), default="next"),
        "reset_neutral": Kind(),
        "keys": Kind(),
        "quit": Kind(local=True),
    }
)
"""Name -> what it may carry. Volume 0 is not among them: silence is asked for by its own name, mute."""


@dataclass(frozen=True)
class Command:
    """name: one of COMMANDS. value: a word, a whole number, or None where the command carries nothing."""

    name: str
    value: str | int | None = None


UNKNOWN = Command("unknown")
"""A key that means nothing: answered, because silence would leave one guessing."""


def parse(name: str, text: str = "") -> Command:
    """The command of a name and the text of its value; capitals and blanks around them do not matter.

    Raises CommandError with one sentence that says what is wrong and what would be right.
    """
    kind = COMMANDS.get(name)
    if kind is None:
        raise CommandError(f"there is no command {shown(name)}; there are {', '.join(COMMANDS)}")
    if len(text) > LONGEST:
        raise CommandError(f"{name}: {len(text)} characters are too many; give {wanted(kind)}")
    word = text.strip().casefold()
    if word in ("", PRESS):
        if kind.default is None and (kind.words or kind.unit):
            raise CommandError(f"{name}: the value is missing; give {wanted(kind)}")
        return Command(name, kind.default)
    if kind.words == SWITCH:
        word = OTHER_WORDS.get(word, word)
    if word in kind.words:
        return Command(name, word)
    # Home Assistant sends a whole number as 180.0 as well.
    number = re.fullmatch(r"([0-9]{1,9})(\.0{1,9})?", word)
    if kind.unit and number and kind.least <= int(number.group(1)) <= kind.most:
        return Command(name, int(number.group(1)))
    raise CommandError(f"{name}: {shown(text)} is not understood; give {wanted(kind)}")


def wanted(kind: Kind) -> str:
    """The values of a command in words: "slower, faster or 80 to 450 words per minute"."""
    values = [*kind.words, *([f"{kind.least} to {kind.most} {kind.unit}"] if kind.unit else [])]
    return f"{', '.join(values[:-1])} or {values[-1]}" if values else "nothing with it"


def shown(text: str) -> str:
    """Some text of a stranger's in quotes, short and without anything that a terminal would obey."""
    short = text if len(text) <= SHOWN else text[:SHOWN] + "..."
    return ascii(short)
