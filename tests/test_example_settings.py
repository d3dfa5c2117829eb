"""The example settings file is complete, true, and accepted."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from edge import settings

EXAMPLE = Path(__file__).parent.parent / "deploy" / "facecue.example.toml"


def test_the_example_holds_every_key_with_its_default() -> None:
    assert settings.load(EXAMPLE, {}) == settings.Settings()
    text = EXAMPLE.read_text(encoding="utf-8")
    for section, keys in asdict(settings.Settings()).items():
        body = text.split(f"[{section}]", 1)[1].split("\n[", 1)[0]
        for key in keys:
            assert f"\n{key} = " in body, f"{section}.{key} is missing"
