"""Whether there is room, and whether it can be written to."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from edge.checks.finding import Finding, note, right, wrong

NAME = "disk"
LEAST_FREE_MIB = 200
LEAST_TEMPORARY_MIB = 20
"""The voice makes its phrases there, of some 50 kB each."""


def check(home: Path | None = None, temporary: Path | None = None) -> Finding:
    """home, temporary: folders to look at; the user's own where they are None."""
    home = _home() if home is None else home
    # gettempdir itself fails where no folder can be written to, and that is to be told.
    temporary = _temporary() if temporary is None else temporary
    for folder in (temporary, home):
        if not _read_only(folder):
            continue
        if folder == temporary:
            return wrong(
                NAME,
                f"{folder} is read-only, and the voice writes there (a failing SD card becomes read-only)",
                "sudo reboot; if this comes back, replace the SD card",
                "the disk cannot be written to",
            )
        return note(NAME, f"the disk of {folder} is read-only, so nothing can be recorded there")
    for folder, least in ((home, LEAST_FREE_MIB), (temporary, LEAST_TEMPORARY_MIB)):
        if (free := _free_mib(folder)) < least:
            sentence = f"only {free} MiB are free at {folder}, less than {least}"
            return wrong(NAME, sentence, "sudo apt-get clean, or delete something", "the disk is full")
    return right(NAME, f"{_free_mib(home)} MiB of disk are free")


def _home() -> Path:
    try:
        home = Path.home()
    except RuntimeError:  # a user without a home
        return Path("/")
    return home if home.is_dir() else Path("/")


def _temporary() -> Path:
    try:
        return Path(tempfile.gettempdir())
    except OSError:
        return Path("/tmp")  # noqa: S108  looked at, not written to


def _read_only(folder: Path) -> bool:
    return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)


def _free_mib(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize // 2**20
