"""What `facecue doctor` looks at: each check in a file of its own, its answer one sentence and a fix."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from edge.checks import (
    broker,
    camera,
    clock,
    disk,
    model,
    others,
    permission,
    plugin,
    program,
    runtime,
    sound,
    stick,
    udev,
    usb_speed,
    voice,
)
from edge.checks.finding import Finding, wrong
from edge.checks.machine import Machine
from edge.checks.usb import Sightings
from edge.errors import FacecueError
from edge.self_check import STICK
from edge.settings import Settings

__all__ = ["Finding", "findings"]


def findings(settings: Settings, machine: Machine | None = None) -> Iterator[Finding]:
    """Every check, one after the other; none stops the others.

    machine: where sysfs, udev, devices and processes are looked at; this one where it is None.
    """
    machine = Machine() if machine is None else machine
    seen = Sightings(machine)
    needed = settings.model.device.startswith(STICK)
    checks: tuple[tuple[str, Callable[[], Finding]], ...] = (
        (program.NAME, program.check),
        (runtime.NAME, lambda: runtime.check(settings.model.runtime)),
        (others.NAME, lambda: others.check(machine)),
        # Before the model, which wakes the stick and lets it sleep again.
        (stick.NAME, lambda: stick.check(seen.look(), needed)),
        (udev.NAME, lambda: udev.check(machine, seen.look(), needed)),
        (permission.NAME, lambda: permission.check(machine, seen.look())),
        (plugin.NAME, lambda: plugin.check(machine, needed or bool(seen.look()))),
        (model.NAME, lambda: model.check(settings.model, seen)),
        # Behind the model: the speed shows only while the stick runs.
        (usb_speed.NAME, lambda: usb_speed.check(machine, seen)),
        (camera.NAME, lambda: camera.check(machine, settings.source)),
        (voice.NAME, lambda: voice.check(settings.speech, settings.cues.language)),
        (sound.NAME, lambda: sound.check(machine, settings.speech)),
        (broker.NAME, lambda: broker.check(settings.mqtt)),
        (clock.NAME, lambda: clock.check(machine, settings.mqtt)),
        (disk.NAME, disk.check),
    )
    for name, check in checks:
        yield _guarded(name, check)


def _guarded(name: str, check: Callable[[], Finding]) -> Finding:
    try:
        found = check()
    except (FacecueError, OSError) as error:
        return wrong(name, _line(error))
    except Exception as error:  # the other checks may show why
        return wrong(
            name,
            f"this check itself failed ({type(error).__name__}: {_line(error)})",
            "install facecue again",
        )
    return replace(found, name=name, sentence=" ".join(found.sentence.split()))


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
