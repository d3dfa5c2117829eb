"""facecue config: what is set, by what, and what a key means."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from edge import settings
from edge.cli import main

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE = """\
[source]
uri = "rtsp://me:secret@camera/x?password=secret"
[speech]
volume = 0.5
earcons = ["error"]
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "facecue.toml"
    path.write_text(FILE)
    return str(path)


def test_show_is_toml_with_the_origin_beside_it(
    file: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACECUE_CUES__DWELL_SECONDS", "0.9")
    assert main(["config", "show", file]) == 0
    text = capsys.readouterr().out
    assert "secret" not in text
    lines = text.splitlines()
    assert f"volume = 0.5  # {file}, line 4" in lines
    assert "dwell_seconds = 0.9  # FACECUE_CUES__DWELL_SECONDS" in lines
    assert "rate_words_per_minute = 170  # default" in lines
    shown = tomllib.loads(text)
    assert shown["source"]["uri"] == "rtsp://camera/x"
    del shown["source"]["uri"]
    monkeypatch.delenv("FACECUE_CUES__DWELL_SECONDS")
    copy = Path(file).with_name("copy.toml")
    copy.write_text(text.replace('uri = "rtsp://camera/x"', ""))
    assert settings.load(copy, {}).speech == settings.load(Path(file), {}).speech


def test_show_given_is_short(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "show", "--given", file]) == 0
    assert [line.partition("  #")[0] for line in capsys.readouterr().out.splitlines() if line] == [
        "[source]",
        'uri = "rtsp://camera/x"',
        "[speech]",
        "volume = 0.5",
        'earcons = ["error"]',
    ]


def test_explain_says_what_a_key_may_hold_and_when_it_counts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "explain", "speech.volume"]) == 0
    text = capsys.readouterr().out
    for part in (
        "how loud",
        "number, 0.0 to 1.0",
        "default 1.0",
        "FACECUE_SPEECH__VOLUME",
        "at once (SIGHUP)",
    ):
        assert part in text
    assert main(["config", "explain", "cues"]) == 0
    text = capsys.readouterr().out
    assert "cues.language: " in text and "one of en, es, de, cs" in text and "from the next start on" in text
    assert "any of movements, attitude, emotion" in text


@pytest.mark.parametrize(("key", "known"), [("voice.volume", "speech"), ("speech.loud", "volume")])
def test_what_does_not_exist_is_said(key: str, known: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "explain", key]) == 2
    error = capsys.readouterr().err
    assert f"there is no {key}" in error and known in error


def test_every_key_can_be_explained(capsys: pytest.CaptureFixture[str]) -> None:
    for section in vars(settings.Settings()):
        assert main(["config", "explain", section]) == 0
    assert capsys.readouterr().out.count("FACECUE_") > 60


def test_check_names_every_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text("[cues]\nenter = 7\n[source]\nrotate_degrees = 45\n")
    assert main(["config", "check", str(path)]) == 2
    error = capsys.readouterr().err
    assert "line 2" in error and "45 is not one of 0, 90, 180, 270" in error
