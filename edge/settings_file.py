"""The settings file: its table, and the line every key stands on."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from edge.errors import SettingsError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Lines = dict[tuple[str, str], int]
"""(section, key) -> line number from 1; the key is "" for the line of a section's heading."""


def read(path: Path) -> tuple[dict[str, Any], Lines]:
    """The file's table and its lines. Raises SettingsError if it is no TOML that can be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            [f"{path}: cannot be read ({error.strerror}); give an existing file with --config"]
        ) from error
    except UnicodeDecodeError as error:
        raise SettingsError([f"{path}: is not a text file in UTF-8"]) from error
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([f"{path}: is not valid TOML: {error}"]) from error
    lines: Lines = {}
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        heading = re.match(r"\s*\[+\s*([\w.-]+)\s*\]+", line)
        key = re.match(r"\s*([\w.-]+)\s*=", line)
        if heading:
            section = heading.group(1)
        if heading or key:
            full = ".".join(part for part in (section, key.group(1) if key else "") if part)
            first, _, rest = full.partition(".")
            lines.setdefault((first, rest), number)
    return table, lines


def at(lines: Lines, section: str, key: str) -> str:
    """The words ", line 3" for a key, or for its section where the key has no line; else nothing."""
    number = lines.get((section, key)) or lines.get((section, ""))
    return f", line {number}" if number else ""
