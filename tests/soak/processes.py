"""What this process and its children are at, through /proc."""

from __future__ import annotations

import os
import threading
from pathlib import Path


def children() -> dict[int, tuple[str, str]]:
    """The children of this process: number -> (state, command line); zombies included, with no command."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            if int(parent) == os.getpid():
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                found[int(entry.name)] = (state, command)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def resident_kib(pid: int | None = None) -> int:
    """Memory of a process that is in RAM; 0 when it is gone."""
    try:
        status = Path(f"/proc/{pid or os.getpid()}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")), 0)


def open_files() -> int:
    """How many file descriptors this process holds."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208  counted, not walked


def threads() -> int:
    """How many threads this process has."""
    return threading.active_count()
