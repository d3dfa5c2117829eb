"""Faults in the section [mqtt] that need more than one key, or the disk, to see."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge import settings
from edge.errors import SettingsError


def faults(tmp_path: Path, *lines: str) -> str:
    path = tmp_path / "facecue.toml"
    path.write_text("\n".join(["[mqtt]", 'host = "broker"', *lines]) + "\n", encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        settings.load(path, {})
    return str(caught.value)


@pytest.mark.parametrize(("given", "missing"), [("cert_file", "key_file"), ("key_file", "cert_file")])
def test_a_certificate_needs_its_key(tmp_path: Path, given: str, missing: str) -> None:
    file = tmp_path / "file.pem"
    file.write_text("")
    text = faults(tmp_path, f'{given} = "{file}"')
    assert f"line 3: mqtt.{given}: is set but mqtt.{missing} is not; set both or neither" in text
    assert text.count("\n") == 0


def test_both_are_accepted(tmp_path: Path) -> None:
    file = tmp_path / "file.pem"
    file.write_text("")
    path = tmp_path / "facecue.toml"
    path.write_text(f'[mqtt]\ncert_file = "{file}"\nkey_file = "{file}"\n', encoding="utf-8")
    assert settings.load(path, {}).mqtt.key_file == str(file)


@pytest.mark.parametrize("key", ["ca_file", "cert_file", "key_file", "password_file"])
def test_files_that_are_not_there(tmp_path: Path, key: str) -> None:
    assert f"mqtt.{key}: there is no file /nowhere/x" in faults(tmp_path, f'{key} = "/nowhere/x"')


@pytest.mark.parametrize("key", ["prefix", "device", "home_assistant_prefix"])
def test_a_name_in_topics_holds_no_wildcard(tmp_path: Path, key: str) -> None:
    assert f"mqtt.{key}: 'a/#' may not hold + or #" in faults(tmp_path, f'{key} = "a/#"')
