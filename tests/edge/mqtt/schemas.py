"""The published JSON schemas."""

from __future__ import annotations

import json
from pathlib import Path

import edge.mqtt

FOLDER = Path(edge.mqtt.__file__).parent / "schema"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))


def schema(name: str) -> dict[str, object]:
    return dict(json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")))


def check(name: str, payload: object) -> None:
    """Raises jsonschema.ValidationError; a payload may also hold no key that the schema does not tell of."""
    import jsonschema

    found = schema(name)
    jsonschema.Draft202012Validator(found).validate(payload)
    assert isinstance(payload, dict)
    assert set(payload) <= set(found["properties"]), "the schema does not tell of all keys"  # type: ignore[call-overload]
