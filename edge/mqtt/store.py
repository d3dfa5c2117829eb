"""The file in which cues wait for the broker, so that neither a crash nor a power cut loses them."""

from __future__ import annotations

import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.errors import MqttError
from edge.mqtt.message import Message
from edge.uptime import boot, uptime

LAYOUT = 1
"""user_version of the file; one of another layout is begun anew, for what is in it has expired."""
MOST_PAGES = 2048
"""Of 4 KiB: the file never grows beyond 8 MiB, whatever happens."""
LOG_PAGES = 64
"""The write-ahead log is folded into the file after so many."""
TABLES = """
CREATE TABLE count (one INTEGER PRIMARY KEY CHECK (one = 1), stream TEXT NOT NULL, seq INTEGER NOT NULL);
CREATE TABLE event (
    seq INTEGER PRIMARY KEY, topic TEXT NOT NULL, payload BLOB NOT NULL,
    boot TEXT NOT NULL, expires_up REAL NOT NULL, made REAL NOT NULL, expires REAL NOT NULL
);
"""


class StoreError(MqttError):
    """The file of waiting cues cannot be used; they wait in memory instead."""


class Store:
    """Waiting events, and how many there have been of a stream.

    A committed event survives the loss of power: SQLite with a write-ahead log and synchronous=FULL
    (sqlite.org/pragma.html#pragma_synchronous). Every method raises StoreError where the disk refuses. Used
    under the lock of its outbox. wall: seconds since 1970.
    """

    def __init__(self, path: Path, wall: Callable[[], float] = time.time) -> None:
        self.path = path
        self._wall = wall
        self._boot = boot()
        with self._told():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                self._base = self._open()
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError) and "malformed" not in str(error):
                    raise
                # It is no such file, or a damaged one: what it held is older than any cue may be.
                self._remove()
                self._base = self._open()
            os.chmod(path, 0o600)  # noqa: PTH101  its cues are about people

    def counted(self) -> tuple[str, int]:
        """The stream, and the number of its last event; 0 before the first."""
        with self._told():
            stream, seq = self._base.execute("SELECT stream, seq FROM count").fetchone()
            return str(stream), int(seq)

    def load(self) -> list[Message]:
        """What waits and has not expired, oldest first; the rest is forgotten."""
        now, wall, found = uptime(), self._wall(), []
        with self._told():
            rows = self._base.execute(
                "SELECT seq, topic, payload, boot, expires_up, made, expires FROM event ORDER BY seq"
            ).fetchall()
            for seq, topic, payload, its_boot, expires_up, made, expires in rows:
                if its_boot and its_boot == self._boot:
                    # Of this start of the machine: no change of the wall clock matters.
                    left = expires_up - now
                else:
                    # A wall clock that is behind says nothing of the age; late is worse than never.
                    left = expires - wall if made <= wall else 0.0
                if 0 < left <= expires - made + 1:
                    found.append(Message(topic, payload, expires_at=now + left, seq=seq))
                else:
                    self.remove(seq)
        return found

    def add(self, message: Message, stream: str) -> None:
        """Keep an event until `remove`; once this returns, the loss of power does not lose it."""
        with self._told(), self._durably():
            self._insert(message)
            self._base.execute("UPDATE count SET stream = ?, seq = ?", (stream, message.seq))

    def replace(self, messages: Iterable[Message], stream: str, seq: int) -> None:
        """From now on these are all that wait."""
        with self._told(), self._durably():
            self._base.execute("DELETE FROM event")
            for message in messages:
                self._insert(message)
            self._base.execute("UPDATE count SET stream = ?, seq = ?", (stream, seq))

    def remove(self, seq: int) -> None:
        """Forget an event. A loss of power may bring it back, and it is published twice then."""
        with self._told():
            self._base.execute("DELETE FROM event WHERE seq = ?", (seq,))

    def close(self) -> None:
        """Give up the file."""
        self._base.close()

    def _open(self) -> sqlite3.Connection:
        base = sqlite3.connect(self.path, timeout=0.2, isolation_level=None, check_same_thread=False)
        try:
            # Of two processes with one file the second must notice: each would send what the other has.
            base.execute("PRAGMA locking_mode = EXCLUSIVE")
            base.execute("PRAGMA journal_mode = WAL")
            base.execute("PRAGMA synchronous = NORMAL")
            base.execute(f"PRAGMA max_page_count = {MOST_PAGES}")
            base.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
            base.execute(f"PRAGMA journal_size_limit = {2 * LOG_PAGES * 4096}")
            base.execute("BEGIN IMMEDIATE")
            (layout,) = base.execute("PRAGMA user_version").fetchone()
            if layout == 0:
                for statement in filter(str.strip, TABLES.split(";")):
                    base.execute(statement)
                base.execute("INSERT INTO count VALUES (1, ?, 0)", (new_stream(),))
                base.execute(f"PRAGMA user_version = {LAYOUT}")
            elif layout != LAYOUT:
                raise sqlite3.DatabaseError(f"layout {layout}")
            base.execute("COMMIT")
            base.execute("SELECT stream, seq FROM count").fetchone()[1]
        except (sqlite3.Error, TypeError) as error:
            base.close()
            if isinstance(error, TypeError):
                raise sqlite3.DatabaseError("no count") from error
            raise
        return base

    def _remove(self) -> None:
        for ending in ("", "-wal", "-shm", "-journal"):
            Path(f"{self.path}{ending}").unlink(missing_ok=True)

    def _insert(self, message: Message) -> None:
        left = (message.expires_at or 0.0) - uptime()
        wall = self._wall()
        self._base.execute(
            "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                message.seq,
                message.topic,
                message.payload,
                self._boot,
                message.expires_at or 0.0,
                wall,
                wall + left,
            ),
        )

    @contextmanager
    def _durably(self) -> Iterator[None]:
        self._base.execute("PRAGMA synchronous = FULL")
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._base.execute("COMMIT")
        except sqlite3.Error:
            if self._base.in_transaction:
                self._base.execute("ROLLBACK")
            raise
        finally:
            # What is removed may come back; that is not worth the wait, nor the wear of the card.
            self._base.execute("PRAGMA synchronous = NORMAL")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(_why(self.path, error)) from error


def new_stream() -> str:
    """A name that no other count of events has."""
    return secrets.token_hex(4)


def _why(path: Path, error: Exception) -> str:
    said = (error.strerror if isinstance(error, OSError) else None) or str(error)
    if "locked" in said:
        return (
            f"another facecue with the same mqtt.device uses {path}, so cues that wait for the broker are "
            "kept in memory only: stop it, or give each its own mqtt.device"
        )
    if "full" in said or "No space" in said:
        return (
            f"the disk of {path} is full, so cues that wait for the broker are kept in memory only: make room"
        )
    return (
        f"cues that wait for the broker are kept in memory only, because {path} cannot be used ({said}): "
        "set mqtt.outbox_folder to a folder that this user may write"
    )
