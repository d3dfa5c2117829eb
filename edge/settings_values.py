"""Single values of settings: made from text, and held against their type and limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def parse(text: str, kind: Any) -> Any:
    """A text of the environment as the type wanted, or as it is where that fails."""
    try:
        if kind is bool:
            return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[
                text.lower()
            ]
        if kind in (int, float):
            return kind(text)
        if kind == list[str]:
            return [part.strip() for part in text.split(",") if part.strip()]
    except (KeyError, ValueError):
        return text
    return text


def checked(value: Any, kind: Any, limits: Mapping[str, Any]) -> Any:
    """The value, a whole number as a float where one is wanted.

    limits: `least` and `most`, or `choices`. Raises ValueError, which says what the value is not.
    """
    if kind is float and type(value) is int:
        # A float holds no more than this; what lies beyond is out of every range.
        value = float(max(-(10**300), min(value, 10**300)))
    if kind == list[str]:
        right = isinstance(value, list) and all(isinstance(v, str) for v in value)
        wanted = "a list of texts"
    else:
        right = type(value) is kind
        wanted = {str: "a text in quotes", int: "a whole number", float: "a number", bool: "true or false"}[
            kind
        ]
    if not right:
        raise ValueError(f"{value!r} is not {wanted}")
    choices = limits.get("choices")
    if choices is not None:
        for chosen in value if isinstance(value, list) else [value]:
            if chosen not in choices:
                raise ValueError(f"{chosen!r} is not one of {', '.join(map(str, choices))}")
    least, most = limits.get("least"), limits.get("most")
    # Written so that "not a number" fails too.
    if least is not None and not least <= value <= most:
        raise ValueError(f"{value!r} is not between {least} and {most}")
    return value
