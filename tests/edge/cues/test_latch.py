"""Deciding that something changed, without flicker."""

from __future__ import annotations

from edge.cues.latch import Latch, Settled


def turns(latch: Latch, steps: list[tuple[float, float]]) -> list[float]:
    return [now for now, probability in steps if latch.update(probability, now)]


def test_a_latch_turns_on_after_the_dwell_and_not_before() -> None:
    latch = Latch(0.6, 0.4, 0.35)
    assert turns(latch, [(t / 100, 0.9) for t in range(35)]) == []
    assert not latch.on
    assert turns(latch, [(0.35, 0.9), (0.4, 0.9), (9.0, 0.9)]) == [0.35]
    assert latch.on


def test_a_latch_turns_off_only_under_its_lower_bound() -> None:
    latch = Latch(0.6, 0.4, 0.25)
    assert turns(latch, [(0.0, 0.6), (0.25, 0.6)]) == [0.25]
    assert turns(latch, [(1 + t / 10, 0.45) for t in range(20)]) == []
    assert turns(latch, [(4.0, 0.39), (4.2, 0.39), (4.25, 0.39)]) == [4.25]
    assert not latch.on


def test_between_the_bounds_nothing_turns_on() -> None:
    assert turns(Latch(0.6, 0.4, 0.3), [(t / 10, 0.55) for t in range(50)]) == []


def test_a_break_starts_the_dwell_again() -> None:
    steps = [(0.0, 0.9), (0.2, 0.9), (0.3, 0.1), (0.4, 0.9), (0.6, 0.9), (0.7, 0.9), (0.8, 0.9)]
    assert turns(Latch(0.6, 0.4, 0.35), steps) == [0.8]


def test_a_restart_starts_the_dwell_again_and_keeps_the_state() -> None:
    latch = Latch(0.6, 0.4, 0.25)
    latch.update(0.9, 0.0)
    latch.restart()
    assert turns(latch, [(5.0, 0.9), (5.2, 0.9), (5.25, 0.9)]) == [5.25]
    latch.restart()
    assert latch.on


def test_a_latch_without_dwell_turns_at_once() -> None:
    assert turns(Latch(0.6, 0.4, 0.0), [(0.0, 0.9), (0.1, 0.9), (0.2, 0.1)]) == [0.0, 0.2]


def changes(settled: Settled[str], steps: list[tuple[float, str]]) -> list[tuple[float, str]]:
    return [(now, settled.value) for now, seen in steps if settled.update(seen, now)]


def test_a_value_settles_once() -> None:
    settled = Settled("a", 0.5)
    steps = [(0.0, "a"), (0.1, "b"), (0.3, "b"), (0.6, "b"), (0.7, "b"), (5.0, "b")]
    assert changes(settled, steps) == [(0.6, "b")]
    assert settled.value == "b"


def test_candidates_that_relieve_each_other_never_settle() -> None:
    steps = [(t / 10, "bc"[t // 3 % 2]) for t in range(60)]
    assert changes(Settled("a", 0.5), steps) == []


def test_what_was_settled_breaks_the_dwell_of_another() -> None:
    steps = [(0.0, "b"), (0.4, "b"), (0.45, "a"), (0.5, "b"), (0.9, "b"), (1.0, "b")]
    assert changes(Settled("a", 0.5), steps) == [(1.0, "b")]


def test_a_restart_starts_the_dwell_of_a_value_again() -> None:
    settled = Settled("a", 0.5)
    settled.update("b", 0.0)
    settled.restart()
    assert changes(settled, [(5.0, "b"), (5.4, "b"), (5.5, "b")]) == [(5.5, "b")]
