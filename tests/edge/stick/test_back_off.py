"""Pauses double up to a limit, and a stick that worked for a while is forgiven."""

from __future__ import annotations

from edge.stick.back_off import BackOff


def test_pauses_double_up_to_the_longest() -> None:
    back_off = BackOff(10.0, 60.0)
    assert [back_off.pause(0.0) for _ in range(5)] == [10.0, 20.0, 40.0, 60.0, 60.0]


def test_a_stick_that_worked_longer_than_the_pause_begins_anew() -> None:
    back_off = BackOff(10.0, 60.0)
    assert [back_off.pause(0.0) for _ in range(3)] == [10.0, 20.0, 40.0]
    assert back_off.pause(59.0) == 60.0, "it was no better than the pause that is due"
    assert back_off.pause(61.0) == 10.0
    assert back_off.pause(float("-inf")) == 20.0, "it never worked"


def test_no_pause_is_longer_than_the_longest() -> None:
    assert BackOff(10.0, 5.0).pause(0.0) == 5.0
