"""What a command may be, however it comes in, and that nothing else crashes anything."""

from __future__ import annotations

import random
import string

import pytest

from edge.control.commands import COMMANDS, LONGEST, Command, parse
from edge.control.control import CAPACITY, Answer, Control
from edge.control.plan import Plan, planned
from edge.errors import CommandError


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("mute", "on", "on"),
        ("mute", " OFF\n", "off"),
        ("pause", "true", "on"),
        ("pause", "0", "off"),
        ("mute", "", "toggle"),
        ("mute", "PRESS", "toggle"),
        ("rate", "80", 80),
        ("rate", "450", 450),
        ("rate", "180.0", 180),
        ("rate", "Faster", "faster"),
        ("volume", "10", 10),
        ("volume", "louder", "louder"),
        ("verbosity", "few", "few"),
        ("verbosity", "", "next"),
        ("level", "emotion", "emotion"),
        ("what_now", "", None),
        ("repeat", "press", None),
    ],
)
def test_what_is_understood(name: str, text: str, value: str | int | None) -> None:
    assert parse(name, text) == Command(name, value)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("dance", "", "there is no command 'dance'; there are what_now, aim, repeat"),
        ("rate", "", "the value is missing; give slower, faster or 80 to 450 words per minute"),
        ("rate", "79", "'79' is not understood; give slower, faster or 80 to 450 words per minute"),
        ("rate", "451", "80 to 450"),
        ("rate", "-100", "80 to 450"),
        ("rate", "1e2", "80 to 450"),
        ("rate", "180.5", "80 to 450"),
        ("rate", "nan", "80 to 450"),
        ("rate", "٢٠٠", "80 to 450"),
        ("volume", "0", "10 to 100 percent"),
        ("mute", "maybe", "on, off or toggle"),
        ("repeat", "twice", "'twice' is not understood; give nothing with it"),
        ("verbosity", "lots", "few, normal, many or next"),
        ("mute", "x" * (LONGEST + 1), "65 characters are too many"),
        ("a\x1b[2Jb" * 20, "", r"no command 'a\x1b[2J"),
    ],
)
def test_what_is_refused_says_what_would_be_right(name: str, text: str, words: str) -> None:
    with pytest.raises(CommandError) as caught:
        parse(name, text)
    message = str(caught.value)
    assert words in message
    assert len(message) < 250 and message.isprintable()


def test_no_text_crashes_and_whatever_is_understood_is_in_its_limits() -> None:
    rng = random.Random(5)
    alphabet = string.printable + "äß٣½​\ud800\x00\U0001f600"
    words = ["on", "off", "few", "faster", "100", "press", "{}", "null", *COMMANDS]
    understood = 0
    for _ in range(20_000):
        name = rng.choice([*COMMANDS, "".join(rng.choices(alphabet, k=rng.randrange(9)))])
        text = rng.choice([rng.choice(words), "".join(rng.choices(alphabet, k=rng.randrange(90)))])
        try:
            command = parse(name, text)
        except CommandError as error:
            assert "\n" not in str(error)
            continue
        understood += 1
        kind = COMMANDS[command.name]
        if isinstance(command.value, int):
            assert kind.unit and kind.least <= command.value <= kind.most
        elif command.value is not None:
            assert command.value in kind.words
    assert understood > 500


def test_commands_are_taken_in_order_and_a_flood_is_refused() -> None:
    control = Control()
    for number in range(CAPACITY):
        control.submit(Command("rate", number))
    with pytest.raises(CommandError, match="wait already"):
        control.submit(Command("mute", "on"))
    assert [request.command.value for request in control.take()] == list(range(CAPACITY))
    assert control.take() == []
    assert not control.wait(0.0)
    control.submit(Command("mute", "on"), lambda answer: None)
    assert control.wait(0.0)


def test_an_answer_is_no_fault_by_default() -> None:
    assert Answer(True, "muted").reason == ""


def test_buttons_are_planned_from_the_settings() -> None:
    plans = planned(["17 what_now status", "GPIO27 mute", "22 rate=slower volume=quieter", "5 - quit"])
    assert plans == [
        Plan(17, Command("what_now"), Command("status")),
        Plan(27, Command("mute", "toggle"), None),
        Plan(22, Command("rate", "slower"), Command("volume", "quieter")),
        Plan(5, None, Command("quit")),
    ]
    assert planned([]) == []


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ([""], "does not begin with a GPIO number"),
        (["28 mute"], "from 0 to 27"),
        (["mute 17"], "does not begin with a GPIO number"),
        (["17"], "names 0 commands"),
        (["17 mute pause quit"], "names 3 commands"),
        (["17 rate"], "rate: the value is missing"),
        (["17 dance"], "no command 'dance'"),
        (["17 mute", "GPIO17 pause"], "GPIO17 is named twice"),
    ],
)
def test_a_button_that_is_planned_wrongly_is_told_in_one_sentence(texts: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        planned(texts)
