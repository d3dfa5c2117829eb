"""A TOML table as a frozen dataclass, with a fault for every key that does not fit."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

Plain = Union[float, int, str]
"""A single value of a recipe."""


def build(kind: Any, table: dict[str, Any], where: str, faults: list[str]) -> Any:
    """A dataclass from a table; None, with a fault for each wrong key, if that cannot be."""
    known = {f.name: f for f in fields(kind)}
    hints = get_type_hints(kind)
    found = [
        f"{where}{key}: no such key (known: {', '.join(sorted(known))})" for key in table if key not in known
    ]
    found += [
        f"{where}{name}: missing"
        for name, f in known.items()
        if name not in table and f.default is MISSING and f.default_factory is MISSING
    ]
    values = {
        name: _value(hints[name], table[name], f"{where}{name}", found) for name in known if name in table
    }
    faults += found
    return None if found else kind(**values)


def is_share(shares: dict[str, float], known: Collection[str]) -> bool:
    """Whether these are shares of known things, not all of them 0."""
    return set(shares) <= set(known) and all(v >= 0 for v in shares.values()) and sum(shares.values()) > 0


def _value(hint: Any, value: Any, name: str, faults: list[str]) -> Any:
    if is_dataclass(hint) and isinstance(value, dict):
        return build(hint, value, f"{name}.", faults)
    rows = get_args(hint)[0] if get_origin(hint) is list else None
    if is_dataclass(rows) and isinstance(value, list) and all(isinstance(row, dict) for row in value):
        return [build(rows, row, f"{name}[{i}].", faults) for i, row in enumerate(value)]
    cells = get_args(hint)[1] if get_origin(hint) is dict else None
    if is_dataclass(cells) and isinstance(value, dict):
        return {key: _value(cells, cell, f"{name}.{key}", faults) for key, cell in value.items()}
    if hint == list[Plain] and isinstance(value, list) and all(map(_is_plain, value)):
        return value
    if hint == list[int] and isinstance(value, list) and all(type(v) is int for v in value):
        return value
    if hint == list[str] and isinstance(value, list) and all(type(v) is str for v in value):
        return value
    if hint == dict[str, float] and isinstance(value, dict) and all(map(_is_number, value.values())):
        return {k: float(v) for k, v in value.items()}
    if hint is float and _is_number(value):
        return float(value)
    if hint in (bool, int, str) and type(value) is hint:
        return value
    wanted = f"a list of tables: write [[{name}]]" if is_dataclass(rows) else _WANTED.get(hint, "a table")
    faults.append(f"{name}: {value!r} is not {wanted}")
    return None


def _is_plain(value: Any) -> bool:
    return type(value) is str or _is_number(value)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


_WANTED: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    bool: "true or false",
    list[Plain]: "a list of numbers or texts",
    list[int]: "a list of whole numbers",
    list[str]: "a list of texts",
    dict[str, float]: "a table of numbers",
}
