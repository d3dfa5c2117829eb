"""Whether another facecue holds the camera and the stick."""

from __future__ import annotations

import os

from edge.checks.finding import Finding, note, right
from edge.checks.machine import SERVICE_UNIT, Machine

NAME = "other facecue"
HOLDING = ("run", "demo", "bench")


def check(machine: Machine) -> Finding:
    """Looks through the processes that this user may see."""
    found = [pid for pid in _processes(machine) if pid != os.getpid()]
    if not found:
        return right(NAME, "no other facecue runs")
    told = ", ".join(str(pid) for pid in found)
    service = machine.path(SERVICE_UNIT).is_file()
    stop = "sudo systemctl stop facecue" if service else f"kill {' '.join(str(pid) for pid in found)}"
    return note(NAME, f"facecue runs already (process {told}) and keeps the camera and the stick", stop)


def _processes(machine: Machine) -> list[int]:
    found = []
    for folder in machine.path("/proc").glob("[0-9]*"):
        words = machine.text(folder / "cmdline").strip("\0").split("\0")
        for program, command in zip(words, words[1:]):
            if (program.endswith("/facecue") or program in ("facecue", "edge.cli")) and command in HOLDING:
                found.append(int(folder.name))
    return sorted(found)
