"""What the machine's udev rules give a USB device: enough of their language to foresee its permissions.

Source: udev(7). A rule that asks for more than is known of a device here counts as one that does not
match: better a rule too few than a permission that is not there.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge.checks.machine import Machine

FOLDERS = (
    "/etc/udev/rules.d",
    "/run/udev/rules.d",
    "/usr/local/lib/udev/rules.d",
    "/usr/lib/udev/rules.d",
    "/lib/udev/rules.d",
)
"""A file of the same name in an earlier folder replaces the one in a later folder."""
SEAT_RULES = "73-seat-late.rules"
"""Which turns the tag uaccess into an access list: what is tagged behind it gets none."""
DEFAULT_MODE = 0o664
"""Of USB devices, by systemd's 50-udev-default.rules: everybody reads, root writes."""

_PART = re.compile(r'\s*([A-Z_]+(?:\{[^}]*\})?)\s*(==|!=|\+=|-=|:=|=)\s*(i|e)?"((?:[^"\\]|\\.)*)"\s*,?\s*')


@dataclass(frozen=True)
class Part:
    """A piece of a rule, as `ATTRS{idVendor}=="03e7"`."""

    key: str
    operator: str
    value: str
    any_case: bool = False

    @property
    def asks(self) -> bool:
        """Whether it is a condition."""
        return self.operator in ("==", "!=")


@dataclass(frozen=True)
class Rule:
    """A line of a rules file. place: "FILE, line N"."""

    file: str
    place: str
    parts: tuple[Part, ...]


@dataclass
class Grant:
    """What the rules, taken together, give a device.

    places: the rules that name it by its vendor. late: those of them whose tag uaccess comes to nothing.
    """

    mode: int = DEFAULT_MODE
    group: str = "root"
    owner: str = "root"
    uaccess: bool = False
    places: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    final: set[str] = field(default_factory=set)


def rules(machine: Machine) -> list[Rule]:
    """All rules in udev's order: by the names of the files, whatever folder they lie in.

    A file that cannot be read counts as empty.
    """
    files: dict[str, Path] = {}
    for folder in reversed(FOLDERS):
        files.update({path.name: path for path in machine.path(folder).glob("*.rules")})
    return [
        rule
        for name in sorted(files)
        for rule in parse(machine.text(files[name]), machine.shown(files[name]))
    ]


def parse(text: str, path: str) -> Iterator[Rule]:
    """The rules of a file. A line that is no rule is left out, as udev does."""
    number = 1
    joined = re.sub(r"\\\n", "\0", text)  # counted below, so that a place names the right line
    for line in joined.split("\n"):
        begin, number = number, number + 1 + line.count("\0")
        line = line.replace("\0", " ").strip()
        if line and not line.startswith("#") and (parts := _parts(line)):
            yield Rule(path.rpartition("/")[2], f"{path}, line {begin}", parts)


def grant(rules: list[Rule], product: str, vendor: str) -> Grant:
    """What is given to a USB device that has just been plugged in. Ids as four hexadecimal digits."""
    facts = {
        "ACTION": "add",
        "SUBSYSTEM": "usb",
        "SUBSYSTEMS": "usb",
        "DRIVER": "usb",
        "ENV{DEVTYPE}": "usb_device",
        "ENV{SUBSYSTEM}": "usb",
        "ENV{ACTION}": "add",
        "ENV{MAJOR}": "189",
        "KERNEL": "1-1",
    }
    for key in ("ATTR", "ATTRS"):
        facts.update({f"{key}{{idVendor}}": vendor, f"{key}{{idProduct}}": product})
    out = Grant()
    awaited: tuple[str, str] | None = None
    for rule in rules:
        if awaited is not None:
            # A jump never leaves its file.
            if awaited[0] == rule.file and not _labelled(rule, awaited[1]):
                continue
            awaited = None
        if not _fits(rule, facts):
            continue
        if any(part.asks and part.value == vendor for part in rule.parts):
            out.places.append(rule.place)
        for part in rule.parts:
            if part.key == "GOTO":
                awaited = rule.file, part.value
            elif part.key.startswith("ENV{") and part.operator == "=":
                facts[part.key] = part.value
            elif not part.asks:
                _give(out, part, rule)
    return out


def _parts(line: str) -> tuple[Part, ...]:
    parts, at = [], 0
    while at < len(line):
        found = _PART.match(line, at)
        if found is None:
            return ()
        key, operator, prefix, value = found.groups()
        parts.append(Part(key, operator, re.sub(r'\\(["\\])', r"\1", value), prefix == "i"))
        at = found.end()
    return tuple(parts)


def _labelled(rule: Rule, label: str) -> bool:
    return any(part.key == "LABEL" and part.value == label for part in rule.parts)


def _fits(rule: Rule, facts: Mapping[str, str]) -> bool:
    return all(_holds(part, facts.get(part.key)) for part in rule.parts if part.asks)


def _holds(part: Part, fact: str | None) -> bool:
    if fact is None:
        # A property that nobody set is the empty string; anything else is simply not known here.
        if not part.key.startswith("ENV{"):
            return False
        fact = ""
    value = part.value
    if part.any_case:
        fact, value = fact.lower(), value.lower()
    same = any(fnmatch.fnmatchcase(fact, pattern) for pattern in value.split("|"))
    return same == (part.operator == "==")


def _give(out: Grant, part: Part, rule: Rule) -> None:
    if part.key == "TAG" and part.operator in ("+=", "=", ":=") and part.value == "uaccess":
        if rule.file < SEAT_RULES:
            out.uaccess = True
        else:
            out.late.append(rule.place)
    elif part.key == "TAG" and part.operator == "-=" and part.value == "uaccess":
        out.uaccess = False
    elif part.key in ("MODE", "GROUP", "OWNER") and part.key not in out.final:
        if part.operator == ":=":
            out.final.add(part.key)
        if part.key == "GROUP":
            out.group = part.value
        elif part.key == "OWNER":
            out.owner = part.value
        elif re.fullmatch("[0-7]{1,4}", part.value):
            out.mode = int(part.value, 8)
