"""Bytes of a terminal become keys, in whatever pieces they come."""

from __future__ import annotations

import random

import pytest

from edge.control.commands import COMMANDS, parse
from edge.control.keys import BY_NAME, KEYS, KeyStream, summary
from edge.cues.catalogue import ENGLISH


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b"m", ["m"]),
        (b"M", ["m"]),
        (b" ?", ["space", "?"]),
        (b"\x1b[A\x1b[B", ["up", "down"]),
        (b"\x1bOC\x1bOD", ["right", "left"]),
        (b"\x1b[3~q", ["", "q"]),
        (b"\x1b[1;5Cr", ["", "r"]),
        (b"\x1bq", [""]),  # Alt and q is not q
        ("ß".encode(), [""]),
        (b"\r\t\x00", ["", "", ""]),
    ],
)
def test_keys_are_known_whole_and_in_pieces(data: bytes, keys: list[str]) -> None:
    assert KeyStream().feed(data) == keys
    stream = KeyStream()
    assert [key for value in data for key in stream.feed(bytes([value]))] == keys


def test_an_escape_key_alone_is_a_key_without_a_name_once_nothing_follows() -> None:
    stream = KeyStream()
    assert stream.feed(b"\x1b") == []
    assert stream.begun
    assert stream.pause() == [""]
    assert not stream.begun and stream.pause() == []
    assert stream.feed(b"q") == ["q"]


def test_no_bytes_crash_and_none_are_kept_for_ever() -> None:
    rng = random.Random(3)
    stream = KeyStream()
    for _ in range(5000):
        for key in stream.feed(rng.randbytes(rng.randrange(12)) if rng.random() < 0.5 else b"\x1b[" * 30):
            assert key in BY_NAME or len(key) <= 1 or key == "space"
    stream.pause()
    assert stream.feed(b"p") == ["p"]


def test_every_key_means_a_command_that_exists_and_has_words() -> None:
    names = [name for key in KEYS for name in key.names]
    assert len(names) == len(set(names))
    for key in KEYS:
        assert parse(key.command.name, str(key.command.value or "")) == key.command
        assert key.does in ENGLISH
        assert all(name in summary() for name in key.names)


def test_every_command_has_a_key() -> None:
    assert {key.command.name for key in KEYS} == set(COMMANDS)
