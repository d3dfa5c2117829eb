"""Ready, status, reload, heat and battery, as the loop goes round."""

from __future__ import annotations

from pathlib import Path

from service_help import Stage
from service_manager import Manager

from edge.service.machine import Machine
from edge.service.starts import Starts


def test_ready_is_told_once_a_picture_went_through(manager: Manager) -> None:
    it = Stage(manager.notifier())
    it.turn()
    it.turn()
    assert manager.heard() == []
    it.picture()
    told = manager.heard()
    assert told[-1] == "READY=1"
    assert told[0].startswith("STATUS=running, ")
    for _ in range(100):
        it.picture()
    assert "READY=1" not in manager.heard()


def test_ready_is_told_where_the_camera_is_known_to_be_away(manager: Manager) -> None:
    it = Stage(manager.notifier())
    it.turn(lost=True)
    told = manager.heard()
    assert told[0].startswith("STATUS=camera lost, small-au on CPU")
    assert told[-1] == "READY=1"


def test_the_settings_are_read_again_between_two_pictures(manager: Manager) -> None:
    it = Stage(manager.notifier())
    it.picture()
    manager.heard()
    it.service.want_reload()
    assert it.reloads == 0
    it.picture()
    told = manager.heard()
    assert told[0].startswith("RELOADING=1") and told[1] == "READY=1"
    it.picture()
    assert it.reloads == 1


def test_the_snapshot_counts() -> None:
    it = Stage()
    for number in range(100):
        it.picture(0.1, faces=number % 2, age=0.9 if number in (50, 51) else 0.02)
    it.turn(lost=True)
    it.turn(lost=True)
    it.picture()
    it.turn(lost=True)
    it.troubles = ["mqtt_lost"]
    found = it.service.snapshot()
    assert (found.version, found.source, found.model, found.device) == (
        "1.2.3",
        "camera 0",
        "small-au",
        "CPU",
    )
    assert (found.state, found.pictures, found.losses, found.faces) == ("camera lost", 101, 2, 0)
    assert 9.0 <= found.rate <= 10.0
    assert found.age_ms == 20.0 and found.age_p99_ms == 900.0
    assert found.idle_seconds == 0.2 or found.idle_seconds == 0.3
    assert found.troubles == ("mqtt_lost",)
    assert not found.well


def test_heat_slows_it_down_and_is_told_once_each_way() -> None:
    it = Stage(hot_celsius=80.0, hot_frames_per_second=4.0)
    held_back = []
    for celsius in (70.0, 76.0, 81.0, 85.0, 79.0, 76.0, 74.0, 76.0):
        it.machine = Machine(celsius=celsius)
        it.picture(6.0)
        held_back.append(it.pace.held_back)
    assert held_back == [False, False, True, True, True, True, False, False]
    assert it.said == ["hot", "hot_over"]
    assert it.service.snapshot().machine.celsius == 76.0


def test_a_low_battery_is_told_and_saved() -> None:
    it = Stage()
    for percent, charging in ((50, False), (15, False), (14, False), (14, True)):
        it.machine = Machine(battery_percent=percent, charging=charging)
        it.picture(6.0)
    assert it.said == ["battery_low", "battery_low_over"]
    assert not it.pace.held_back


def test_weak_power_is_told_and_throttling_slows_down() -> None:
    it = Stage()
    it.machine = Machine(weak_power=True, throttled=True)
    it.picture(6.0)
    assert it.said == ["power_weak"]
    assert it.pace.held_back


def test_a_run_that_works_for_long_forgets_the_falls_before_it(tmp_path: Path) -> None:
    clock = lambda: 1000.0  # noqa: E731
    for _ in range(3):
        Starts(tmp_path, clock, "boot").begin()
    starts = Starts(tmp_path, clock, "boot")
    starts.begin()
    assert starts.safe
    it = Stage(starts=starts)
    it.picture()
    assert Starts(tmp_path, clock, "boot").begin() == 4
    it.picture(400.0)
    assert Starts(tmp_path, clock, "boot").begin() == 0
