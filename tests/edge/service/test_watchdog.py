"""The watchdog is fed by what went through the loop, and by nothing else."""

from __future__ import annotations

from collections.abc import Callable

from service_help import Stage
from service_manager import Manager


def fed(manager: Manager, step: Callable[[], None] = lambda: None, times: int = 1) -> int:
    """How often it is fed while the step is taken so many times; a socket keeps ten messages at most."""
    count = 0
    for _ in range(times):
        step()
        count += manager.heard().count("WATCHDOG=1")
    return count


def stage(manager: Manager) -> Stage:
    return Stage(manager.notifier(15.0))


def test_pictures_feed_it_but_not_each_of_them(manager: Manager) -> None:
    it = stage(manager)
    assert 6 <= fed(manager, lambda: it.picture(0.1), 300) <= 10


def test_it_starves_when_pictures_are_due_and_none_comes(manager: Manager) -> None:
    it = stage(manager)
    it.picture()
    fed(manager)
    assert fed(manager, lambda: it.turn(), 400) == 0


def test_a_lost_camera_that_is_tried_again_is_no_reason_to_restart(manager: Manager) -> None:
    it = stage(manager)
    it.picture()
    fed(manager)
    assert fed(manager, lambda: it.turn(lost=True), 400) >= 20


def test_a_camera_that_hangs_in_its_driver_is(manager: Manager) -> None:
    it = stage(manager)
    it.picture()
    it.stuck_seconds = 31.0
    fed(manager)
    assert fed(manager, lambda: it.turn(lost=True), 400) == 0


def test_a_pause_feeds_it(manager: Manager) -> None:
    it = stage(manager)
    it.picture()
    it.stuck_seconds = 31.0
    fed(manager)
    assert fed(manager, lambda: it.turn(paused=True), 400) >= 20


def test_nobody_who_does_not_wait_is_told(manager: Manager) -> None:
    it = Stage(manager.notifier())
    for _ in range(100):
        it.picture()
    assert fed(manager) == 0
