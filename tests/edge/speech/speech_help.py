"""What the speech tests share: polling, and looking at processes through /proc."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

DEADLINE_SECONDS = 30.0

MakePlayer = Callable[[str, str], Path]


def eventually(condition: Callable[[], bool]) -> bool:
    """Poll a condition until it holds; False when it does not within the deadline."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def process_fields(pid: int) -> list[str]:
    """State, parent and so on of a process (proc(5), from the third field on); [] when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def alive(pid: int) -> bool:
    """Whether the process still runs."""
    return process_fields(pid)[:1] not in ([], ["Z"])


def children() -> dict[int, str]:
    """The children of the test's own process and their command lines, zombies included."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and process_fields(int(entry.name))[1:2] == [str(os.getpid())]:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            found[int(entry.name)] = command
    return found


def voice_process() -> int:
    """The one voice process there must be."""
    (pid,) = (pid for pid, command in children().items() if "edge.speech.voice_process" in command)
    return pid
