"""Buttons at pins, as gpiozero's own mock of a Raspberry Pi shows them."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from edge.control.buttons import Buttons
from edge.control.commands import Command
from edge.control.control import CAPACITY, Control
from edge.control.plan import planned
from edge.errors import ButtonError

HOLD_SECONDS = 0.15
PATIENCE_SECONDS = 10.0


@pytest.fixture
def board() -> Iterator[Any]:
    """A Raspberry Pi without anything connected."""
    gpiozero = pytest.importorskip("gpiozero", reason="needs the extra facecue[gpio]")
    from gpiozero.pins.mock import MockFactory

    before = gpiozero.Device.pin_factory
    gpiozero.Device.pin_factory = MockFactory()
    yield gpiozero.Device.pin_factory
    gpiozero.Device.pin_factory.reset()
    gpiozero.Device.pin_factory = before


def taken(control: Control) -> list[Command]:
    assert control.wait(PATIENCE_SECONDS)
    return [request.command for request in control.take()]


def press(pin: Any) -> None:
    pin.drive_low()
    pin.drive_high()


def test_a_short_press_counts_when_it_is_over_and_a_long_one_as_soon_as_it_is_long(board: Any) -> None:
    control, pin = Control(), board.pin(17)
    with closing(Buttons(planned(["17 what_now status"]), control, HOLD_SECONDS, 0.0)):
        pin.drive_low()
        assert control.take() == []
        pin.drive_high()
        assert taken(control) == [Command("what_now")]
        pin.drive_low()
        assert taken(control) == [Command("status")]
        pin.drive_high()
        press(pin)
        # Letting go of the long press meant nothing more.
        assert taken(control) == [Command("what_now")]


def test_every_button_has_its_own_meaning(board: Any) -> None:
    control = Control()
    plans = planned(["17 what_now status", "27 mute", "22 rate=slower volume=quieter", "5 - quit"])
    with closing(Buttons(plans, control, HOLD_SECONDS, 0.0)):
        press(board.pin(27))
        assert taken(control) == [Command("mute", "toggle")]
        press(board.pin(22))
        assert taken(control) == [Command("rate", "slower")]
        press(board.pin(5))
        board.pin(5).drive_low()
        assert taken(control) == [Command("quit")]
        board.pin(5).drive_high()
        # Without a second meaning a press may last as long as it likes.
        board.pin(27).drive_low()
        time.sleep(2 * HOLD_SECONDS)
        board.pin(27).drive_high()
        assert taken(control) == [Command("mute", "toggle")]


def test_a_button_that_is_closed_means_nothing_and_its_pin_is_free(board: Any) -> None:
    control, plans = Control(), planned(["17 mute"])
    Buttons(plans, control, HOLD_SECONDS, 0.0).close()
    press(board.pin(17))
    assert control.take() == []
    with closing(Buttons(plans, control, HOLD_SECONDS, 0.0)):
        press(board.pin(17))
        assert taken(control) == [Command("mute", "toggle")]


def test_a_press_while_too_many_commands_wait_is_lost_and_nothing_else(board: Any) -> None:
    control, pin = Control(), board.pin(17)
    for _ in range(CAPACITY):
        control.submit(Command("repeat"))
    with closing(Buttons(planned(["17 mute"]), control, HOLD_SECONDS, 0.0)):
        press(pin)
        assert len(taken(control)) == CAPACITY
        press(pin)
        assert taken(control) == [Command("mute", "toggle")]


def test_a_pin_that_something_else_uses_is_told_and_the_others_are_let_go(board: Any) -> None:
    gpiozero = pytest.importorskip("gpiozero")
    with closing(gpiozero.LED(27)):
        with pytest.raises(ButtonError, match="the button at GPIO27 cannot be used") as caught:
            Buttons(planned(["17 mute", "27 pause"]), Control(), HOLD_SECONDS, 0.0)
        assert "control.buttons" in str(caught.value) and "\n" not in str(caught.value)
        Buttons(planned(["17 mute"]), Control(), HOLD_SECONDS, 0.0).close()


def test_a_computer_without_pins_is_told() -> None:
    gpiozero = pytest.importorskip("gpiozero", reason="needs the extra facecue[gpio]")
    before, threads = gpiozero.Device.pin_factory, threading.active_count()
    if before is not None:
        pytest.skip("this computer has pins")
    with pytest.warns(Warning), pytest.raises(ButtonError, match="that this computer has such pins"):
        Buttons(planned(["17 mute"]), Control(), HOLD_SECONDS, 0.0)
    assert threading.active_count() == threads


def test_gpiozero_that_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gpiozero", None)
    with pytest.raises(ButtonError, match=r"pip install 'facecue\[gpio\]'"):
        Buttons(planned(["17 mute"]), Control(), HOLD_SECONDS, 0.0)
