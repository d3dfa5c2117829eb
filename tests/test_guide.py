"""The guide can be listened to, and tells of what there is: phrases, keys, commands and settings."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from edge.control.commands import COMMANDS
from edge.control.keys import KEYS
from edge.control.plan import planned
from edge.cues.catalogue import GROUPS, vocabulary
from edge.cues.language import LANGUAGES
from edge.settings import Settings

GUIDE = (Path(__file__).parent.parent / "docs" / "guide.md").read_text(encoding="utf-8")
CODE = re.compile(r"`([^`]+)`")
HEADINGS = re.findall(r"^#+ (.+)$", GUIDE, re.MULTILINE)
PROSE = " ".join(CODE.sub("X", GUIDE).split())
QUOTED = re.findall(r'"([^"]+)"', PROSE)
NOT_SAID_YET = {"person gone", "face in the middle"}
"""In the catalogue, but no cue says them so far."""
MOST_WORDS, USUAL_WORDS = 26, 11
SPOKEN_NAMES = {"space": "space", "?": "question mark"} | {
    name: f"{name} arrow" for name in ("up", "down", "left", "right")
}


def test_every_phrase_it_quotes_is_one_the_device_says() -> None:
    said = {"maybe", *(phrase.casefold() for phrase in vocabulary())}
    quoted = [part for text in QUOTED if text not in HEADINGS for part in text.casefold().split(", ")]
    assert len(quoted) > 80
    assert [phrase for phrase in quoted if phrase not in said] == []


@pytest.mark.parametrize("group", ["presence", "movements", "attitudes", "emotions", "talking", "hints"])
def test_every_phrase_about_people_is_in_it(group: str) -> None:
    quoted = {part for text in QUOTED for part in text.casefold().split(", ")}
    assert {phrase for phrase in GROUPS[group].values() if phrase not in quoted} <= NOT_SAID_YET


def test_every_key_is_named() -> None:
    section = PROSE.split("## Keys and buttons")[1].casefold()
    for key in KEYS:
        for name in key.names:
            assert SPOKEN_NAMES.get(name, f"letter {name}") in section, name


def test_every_command_is_named_and_the_examples_of_buttons_are_right() -> None:
    code = CODE.findall(GUIDE)
    assert [name for name in COMMANDS if name not in code] == []
    examples = [text for text in code if text.startswith("control.buttons =")]
    assert [len(planned(re.findall(r'"([^"]+)"', example))) for example in examples] == [2, 4]


def test_every_setting_it_names_is_there() -> None:
    known = {f"{s.name}.{key.name}" for s in fields(Settings) for key in fields(getattr(Settings(), s.name))}
    named = {text for text in CODE.findall(GUIDE) if re.fullmatch(r"[a-z]+\.[a-z_]+", text)}
    assert {"cues.language", "speech.voice", "control.buttons"} <= named <= known
    assert {f"`{language}`" for language in LANGUAGES} <= set(re.findall(r"`[^`]+`", GUIDE))


def test_it_can_be_listened_to() -> None:
    assert not re.search(r"^\s*\||<[a-z]|!\[", GUIDE, re.MULTILINE), "a table, HTML or a picture"
    sentences = [text.split() for text in re.split(r"(?<=[.!?])\"? (?=\S)", PROSE)]
    assert [" ".join(words) for words in sentences if len(words) > MOST_WORDS] == []
    assert sum(map(len, sentences)) / len(sentences) <= USUAL_WORDS
