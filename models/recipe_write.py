"""A recipe as a TOML file that `models.recipe.load` reads back to the same recipe."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from models.recipe import Recipe
from models.search_space import SearchRecipe


def write(recipe: Recipe, path: Path, comment: str = "") -> None:
    """Every key is written, defaults too; path is replaced in one step. comment: the first line."""
    replace_text(path, text(recipe, comment))


def replace_text(path: Path, content: str) -> None:
    """In one step: a kill leaves the former file whole."""
    part = path.with_name(path.name + ".part")
    part.write_text(content, encoding="utf-8")
    part.replace(path)


def text(recipe: Recipe, comment: str = "") -> str:
    """What `write` writes. A search that varies nothing is left out."""
    values = asdict(recipe)
    if recipe.search == SearchRecipe():
        del values["search"]
    lines = [f"# {comment}"] if comment else []
    lines += [f"{name} = {_value(value)}" for name, value in values.items() if not _is_table(value)]
    for name, value in values.items():
        if isinstance(value, dict):
            lines += ["", f"[{name}]", *_rows(value)]
        elif _is_table(value):
            lines += [line for row in value for line in ("", f"[[{name}]]", *_rows(row))]
    return "\n".join(lines) + "\n"


def _rows(table: dict[str, Any]) -> Iterator[str]:
    for name, value in table.items():
        yield f"{_key(name)} = {_value(value)}"


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _value(name)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f"{_key(name)} = {_value(each)}" for name, each in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, str):
        # TOML's basic strings are JSON's but for one character.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)
