"""What systemd is told, on a real socket."""

from __future__ import annotations

import os

from service_manager import Manager

from edge.service.notify import Notifier


def test_every_state_is_told(manager: Manager) -> None:
    notifier = Notifier.of({"NOTIFY_SOCKET": manager.address})
    notifier.ready()
    notifier.status("running,\n 12 pictures")
    notifier.alive()
    notifier.stopping()
    assert manager.heard() == ["READY=1", "STATUS=running, 12 pictures", "WATCHDOG=1", "STOPPING=1"]
    notifier.reloading()
    (told,) = manager.heard()
    assert told.startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert told.rpartition("=")[2].isdecimal()
    notifier.close()
    notifier.ready()
    assert manager.heard() == []


def test_an_abstract_address_is_understood() -> None:
    manager = Manager(f"@facecue-test-{os.getpid()}")
    notifier = manager.notifier()
    notifier.ready()
    assert manager.heard() == ["READY=1"]
    notifier.close()
    manager.close()


def test_without_a_manager_nothing_is_done() -> None:
    notifier = Notifier.of({})
    assert not notifier.active
    assert notifier.watchdog_seconds is None
    notifier.ready()
    notifier.close()


def test_a_manager_that_is_gone_or_full_stops_nobody(manager: Manager) -> None:
    notifier = manager.notifier()
    assert notifier.alive()
    told = [notifier.alive() for _ in range(5000)]
    assert not told[-1], "nobody reads"
    manager.heard()
    assert notifier.alive()
    manager.close()
    notifier.ready()
    assert not notifier.alive()


def test_the_watchdogs_time_counts_only_for_the_process_that_is_meant(manager: Manager) -> None:
    told = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "15000000"}
    cases = [
        ({}, 15.0),
        ({"WATCHDOG_PID": str(os.getpid())}, 15.0),
        ({"WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"NOTIFY_SOCKET": ""}, None),
    ]
    for more, seconds in cases:
        notifier = Notifier.of({**told, **more})
        assert notifier.watchdog_seconds == seconds, more
        notifier.close()
