"""`facecue config show|check|explain`: what is set, whether it is right, what a key means."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import Field, fields
from pathlib import Path
from typing import Any, get_type_hints

from edge import settings
from edge.commands.base import Command, config_path
from edge.errors import SettingsError
from edge.service.reload import applies
from edge.settings import ENVIRONMENT_PREFIX, Settings
from edge.sources.naming import without_credentials

KINDS = {str: "text", int: "whole number", float: "number", bool: "true or false"}
SHOWN_WITHOUT_PASSWORD = ("source.uri",)


def _configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = actions.add_parser("check", help="name every fault of a settings file, or say that it is right")
    show = actions.add_parser("show", help="every key with the value that counts, and where it comes from")
    for parsed in (check, show):
        parsed.add_argument(
            "file", nargs="?", type=Path, help="settings file (default: the one `run` would use)"
        )
    show.add_argument("--given", action="store_true", help="only keys that are not left at their default")
    explain = actions.add_parser("explain", help="what a key means and may hold; or all keys of a section")
    explain.add_argument("key", metavar="SECTION[.KEY]", help="for example speech.volume")


def _run(args: argparse.Namespace) -> int:
    if args.action == "explain":
        return _explain(args.key)
    path = args.file if args.file is not None else config_path(args)
    loaded, origins = settings.load_with_origins(path)
    if args.action == "check":
        print(f"{path or 'the defaults'}: right")
        return 0
    for section, keys in _sections():
        shown = [f for f in keys if not args.given or f"{section}.{f.name}" in origins]
        if shown:
            print(f"[{section}]")
        for key in shown:
            name = f"{section}.{key.name}"
            value = getattr(getattr(loaded, section), key.name)
            if name in SHOWN_WITHOUT_PASSWORD:
                value = without_credentials(value)
            print(f"{key.name} = {_toml(value)}  # {_origin(origins.get(name, ''), name)}")
        if shown:
            print()
    return 0


def _explain(wanted: str) -> int:
    section, _, key = wanted.partition(".")
    found = [(name, f) for name, keys in _sections() for f in keys if name == section and key in ("", f.name)]
    if not found:
        known = dict(_sections())
        names = [f.name for f in known[section]] if section in known else list(known)
        raise SettingsError([f"there is no {wanted}; known are {', '.join(names)}"])
    for name, each in found:
        print(f"{name}.{each.name}: {each.metadata['doc']}")
        print(f"    {_may_hold(name, each)}; default {_toml(_default(each))}")
        print(f"    environment: {ENVIRONMENT_PREFIX}{name.upper()}__{each.name.upper()}")
        when = "at once (SIGHUP)" if applies(name, each.name) else "from the next start on"
        print(f"    a change counts {when}")
    return 0


def _sections() -> Iterator[tuple[str, tuple[Field[Any], ...]]]:
    for name, kind in get_type_hints(Settings).items():
        yield name, fields(kind)


def _may_hold(section: str, key: Field[Any]) -> str:
    kind = get_type_hints(get_type_hints(Settings)[section])[key.name]
    choices = key.metadata.get("choices")
    if choices:
        several = "any of" if kind == list[str] else "one of"
        return f"{several} {', '.join(map(str, choices))}"
    words = "list of texts" if kind == list[str] else KINDS[kind]
    if "least" in key.metadata:
        return f"{words}, {key.metadata['least']} to {key.metadata['most']}"
    return words


def _default(key: Field[Any]) -> Any:
    return key.default_factory() if callable(key.default_factory) else key.default


def _toml(value: Any) -> str:
    """A value as TOML writes it: of texts, numbers, booleans and lists of texts, JSON's words are its own."""
    return json.dumps(value, ensure_ascii=False)


def _origin(where: str, name: str) -> str:
    return where.removesuffix(f": {name}") or "default"


COMMAND = Command("config", "show, check and explain the settings", _configure, _run)
