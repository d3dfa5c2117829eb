"""The machine that is looked at, and the user for whom it must work."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

SERVICE_UNIT = "/etc/systemd/system/facecue.service"
SERVICE_GROUPS = ("audio", "video", "plugdev")
"""SupplementaryGroups of systemd/facecue.service, which has no user of its own."""
SERVICE_NAME = "the service facecue"
NOBODY = 65534


@dataclass(frozen=True)
class User:
    """Somebody who is to use a device file.

    uid, gids: as the kernel counts them. here: whether it is who runs this program, so that the kernel
    itself can be asked, which knows access lists too.
    """

    name: str
    uid: int
    gids: frozenset[int]
    here: bool = False

    def may_use(self, path: Path) -> bool:
        """Whether this user may read and write a file. Raises OSError if it is not there."""
        found = path.stat()
        if self.here:
            return os.access(path, os.R_OK | os.W_OK)
        return self.would_use(found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode))

    def would_use(self, owner: int, group: int, mode: int) -> bool:
        """The same from an owner, a group and permission bits."""
        if self.uid == 0:
            return True
        if self.uid == owner:
            wanted = stat.S_IRUSR | stat.S_IWUSR
        elif group in self.gids:
            wanted = stat.S_IRGRP | stat.S_IWGRP
        else:
            wanted = stat.S_IROTH | stat.S_IWOTH
        return mode & wanted == wanted


@dataclass(frozen=True)
class Group:
    """A line of /etc/group."""

    name: str
    gid: int
    members: tuple[str, ...]


@dataclass(frozen=True)
class Machine:
    """Where the kernel, udev and the system's own files are read.

    root: "/" on a device; a folder that holds the same tree in a test. runner: who runs this program;
    found out where it is None.
    """

    root: Path = field(default_factory=lambda: Path("/"))
    runner: User | None = None

    @property
    def real(self) -> bool:
        """Whether it is this machine itself, whose programs can be asked as well."""
        return self.root == Path("/")

    @property
    def user(self) -> User:
        """Whoever runs this program; for root the service, where it is installed: root may do everything."""
        runner = self.runner or _current()
        if runner.uid == 0 and self.path(SERVICE_UNIT).is_file():
            gids = (group.gid for group in self.groups() if group.name in SERVICE_GROUPS)
            return User(SERVICE_NAME, NOBODY, frozenset(gids))
        return runner

    def path(self, name: str) -> Path:
        """An absolute path of the machine."""
        return self.root / name.lstrip("/")

    def text(self, path: Path) -> str:
        """The one line of a file of sysfs or procfs, or "" if it is gone: a stick leaves while it boots."""
        try:
            return path.read_bytes().decode("utf-8", "replace").strip()
        except OSError:
            return ""

    def groups(self) -> list[Group]:
        """The groups of /etc/group."""
        rows = (line.split(":") for line in self.text(self.path("/etc/group")).splitlines())
        return [
            Group(row[0], int(row[2]), tuple(filter(None, row[3].split(","))))
            for row in rows
            if len(row) == 4 and row[2].isdecimal()
        ]

    def group(self, name: str) -> Group | None:
        """A group by its name, or by its number in digits."""
        found = (g for g in self.groups() if name in (g.name, str(g.gid)))
        return next(found, Group(name, int(name), ()) if name.isdecimal() else None)

    def joining(self, name: str) -> str:
        """How the user gets into a group."""
        user, group = self.user, self.group(name)
        again = "then log out and in again"
        if group is None:
            return f"sudo groupadd --system {name} && sudo usermod -aG {name} {user.name}, {again}"
        if user.name in group.members:
            return f"{user.name} is in the group {name} since the last login; log out and in again"
        return f"sudo usermod -aG {name} {user.name}, {again}"

    def barred(self, paths: Iterable[Path]) -> list[Path]:
        """Those of the device files that the user may not use; what is not there is left out."""
        out = []
        for path in paths:
            try:
                if not self.user.may_use(path):
                    out.append(path)
            except FileNotFoundError:
                continue
        return out

    def shown(self, path: Path) -> str:
        """A path as it is called on the machine itself."""
        return f"/{path.relative_to(self.root)}"


def _current() -> User:
    uid = os.geteuid()
    try:
        import pwd

        name = pwd.getpwuid(uid).pw_name
    except KeyError:  # a container's user may have no name
        name = str(uid)
    return User(name, uid, frozenset((*os.getgroups(), os.getegid())), here=True)
