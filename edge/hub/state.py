"""The folder where the hub keeps certificates and passwords, and which one hub at a time may use."""

from __future__ import annotations

import fcntl
import os
import secrets
import tempfile
from pathlib import Path
from typing import IO

from edge.errors import HubError

SYSTEM_FOLDER = Path("/var/lib/facecue-hub")
SECRET_BYTES = 16


def folder_of(setting: str) -> Path:
    """hub.state_folder, else the one systemd made, else the system's for root, else the user's own."""
    if setting:
        return Path(setting)
    given = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    if given:
        return Path(given)
    if os.geteuid() == 0:
        return SYSTEM_FOLDER
    home = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")  # noqa: PTH111
    return Path(home) / "facecue-hub"


class StateFolder:
    """Files that only their owner may read. Raises HubError where the folder cannot be written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            # An access that root always has is tried like anybody's.
            tempfile.TemporaryFile(dir=path).close()
        except OSError as error:
            raise self._unwritable(error) from error

    def file(self, name: str) -> Path:
        """Where a file of this name is, or would be."""
        return self.path / name

    def lock(self) -> IO[str]:
        """Held until it is closed. Raises HubError while another hub holds it."""
        try:
            lock = self.file("lock").open("a+", encoding="utf-8")
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read(20).strip()
            lock.close()
            raise HubError(
                f"another facecue hub (process {holder}) uses the folder {self.path}: "
                "end it, or give this one another hub.state_folder"
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        return lock

    def write(self, name: str, content: str, mode: int = 0o600) -> Path:
        """Replace a file in one step. Raises HubError."""
        target = self.file(name)
        try:
            target.parent.mkdir(mode=0o700, exist_ok=True)
            number, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
            try:
                with os.fdopen(number, "w", encoding="utf-8") as stream:
                    stream.write(content)
                os.chmod(temporary, mode)  # noqa: PTH101
                self._give(temporary)
                os.replace(temporary, target)  # noqa: PTH105
            except BaseException:
                os.unlink(temporary)  # noqa: PTH108
                raise
        except OSError as error:
            raise self._unwritable(error) from error
        if target.parent != self.path:
            self._give(str(target.parent))
        return target

    def secret(self, name: str) -> str:
        """The secret in this file; made on first use, 128 random bits. Raises HubError."""
        try:
            found = self.file(name).read_text(encoding="ascii").strip()
        except FileNotFoundError:
            found = ""
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            raise HubError(
                f"{self.file(name)} cannot be read ({why}): run this as the user the hub runs as, or as root"
            ) from None
        return found or self.renew_secret(name)

    def renew_secret(self, name: str) -> str:
        """Another secret in the place of the old one. Raises HubError."""
        made = secrets.token_urlsafe(SECRET_BYTES)
        self.write(name, f"{made}\n")
        return made

    def _give(self, path: str) -> None:
        # What root writes into the folder of a service, the service must still be able to read.
        if os.geteuid() == 0:
            owner = self.path.stat()
            os.chown(path, owner.st_uid, owner.st_gid)

    def _unwritable(self, error: OSError) -> HubError:
        return HubError(
            f"the folder {self.path} cannot be written ({error.strerror}): "
            "make it, or set hub.state_folder to one that this user may write"
        )
