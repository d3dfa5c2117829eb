"""Order, expiry and bounds of what waits for the broker, in memory and on the disk."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge.mqtt.message import Message
from edge.mqtt.outbox import Outbox, path_of
from edge.mqtt.store import MOST_PAGES, Store
from edge.uptime import uptime

LATER = 1e12
"""An expiry that no test lives to see."""


def add(outbox: Outbox, name: str, expires_at: float = LATER) -> str:
    outbox.add("cue", expires_at, lambda stream, seq: name.encode())
    return name


def state(name: str) -> Message:
    return Message("state", name.encode(), retain=True)


def drain(outbox: Outbox, now: float = 0.0) -> list[bytes]:
    taken = []
    while (message := outbox.take(now)) is not None:
        taken.append(message.payload)
    return taken


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "outbox.sqlite"


@pytest.fixture(params=["memory", "disk"])
def path(request: pytest.FixtureRequest, file: Path) -> Path | None:
    return file if request.param == "disk" else None


@pytest.fixture
def outbox(path: Path | None) -> Iterator[Outbox]:
    made = Outbox(path)
    yield made
    made.close()


def test_events_in_order_then_the_newest_state(outbox: Outbox) -> None:
    add(outbox, "a")
    outbox.retain(state("old"))
    add(outbox, "b")
    outbox.retain(state("new"))
    assert drain(outbox) == [b"a", b"b", b"new"]
    assert drain(outbox) == []


def test_what_was_under_way_is_sent_again_before_what_waits(outbox: Outbox) -> None:
    for name in "abc":
        add(outbox, name)
    outbox.retain(state("s"))
    first = outbox.take(0.0)
    outbox.take(0.0)
    assert first is not None
    outbox.done(first)
    assert len(outbox) == 2
    outbox.restore()
    assert drain(outbox) == [b"b", b"c", b"s"]


def test_what_the_broker_did_not_want_waits_in_its_old_place(outbox: Outbox) -> None:
    for name in "abc":
        add(outbox, name)
    first, second = outbox.take(0.0), outbox.take(0.0)
    assert first is not None and second is not None
    outbox.put_back(first)
    outbox.put_back(second)
    assert outbox.take(0.0, held={"cue"}) is None
    assert drain(outbox) == [b"a", b"b", b"c"]


def test_a_state_is_published_again_after_every_restore(outbox: Outbox) -> None:
    outbox.retain(state("s"))
    assert drain(outbox) == [b"s"]
    outbox.restore()
    assert drain(outbox) == [b"s"]


def test_expired_events_are_dropped_also_when_they_were_under_way(outbox: Outbox) -> None:
    add(outbox, "first", 10.0)
    add(outbox, "second", 20.0)
    assert drain(outbox, 9.0) == [b"first", b"second"]
    outbox.restore()
    assert drain(outbox, 10.0) == [b"second"]
    assert outbox.counts().expired == 1


def test_a_full_outbox_drops_the_oldest(path: Path | None) -> None:
    outbox = Outbox(path, capacity=2)
    for name in "abc":
        add(outbox, name)
    assert drain(outbox) == [b"b", b"c"]
    assert outbox.counts().dropped == 1
    outbox.close()


def test_what_waits_is_there_after_a_restart_and_the_count_goes_on(file: Path) -> None:
    first = Outbox(file)
    for name in "abc":
        first.add("cue", uptime() + 100.0, lambda stream, seq, name=name: f"{name}{seq}".encode())
    sent = first.take(0.0)
    assert sent is not None
    first.done(sent)
    stream = first.stream
    first.close()
    second = Outbox(file)
    assert (second.stream, second.seq) == (stream, 3)
    assert drain(second, uptime()) == [b"b2", b"c3"]
    assert second.add("cue", LATER, lambda stream, seq: b"") == 4
    second.close()


def test_what_has_expired_meanwhile_is_not_there_after_a_restart(file: Path) -> None:
    first = Outbox(file)
    add(first, "old", uptime() + 0.01)
    add(first, "fresh", uptime() + 100.0)
    first.close()
    time.sleep(0.02)
    second = Outbox(file)
    assert drain(second, uptime()) == [b"fresh"]
    second.close()
    with closing(sqlite3.connect(file)) as base:
        (left,) = base.execute("SELECT count(*) FROM event").fetchone()
    assert left == 1


WRITER = """
import sys, pathlib
from edge.mqtt.outbox import Outbox
from edge.uptime import uptime
outbox = Outbox(pathlib.Path(sys.argv[1]))
while True:
    print(outbox.add("cue", uptime() + 60.0, lambda stream, seq: str(seq).encode()), flush=True)
"""


def test_a_killed_process_loses_nothing_that_it_had_counted(file: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(file)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for _ in range(50):
        counted = int(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    counted = max([counted, *(int(line) for line in process.stdout.read().splitlines())])
    process.wait()
    process.stdout.close()
    outbox = Outbox(file)
    kept = [int(payload) for payload in drain(outbox, uptime())]
    # One more may have been on the disk already, and not printed yet.
    assert kept in (list(range(1, counted + 1)), list(range(1, counted + 2)))
    outbox.close()


@pytest.mark.parametrize("torn", [0, 1, 100, 5000])
def test_the_power_goes(file: Path, tmp_path: Path, torn: int) -> None:
    """The files as they are at one moment, the end of the log half written."""
    outbox = Outbox(file)
    for number in range(20):
        add(outbox, str(number), uptime() + 60.0)
    copy = tmp_path / "after" / file.name
    shutil.copytree(file.parent, copy.parent)
    outbox.close()
    log = Path(f"{copy}-wal")
    os.truncate(log, log.stat().st_size - torn)
    after = Outbox(copy)
    kept = [int(payload) for payload in drain(after, uptime())]
    assert kept == list(range(len(kept)))
    assert len(kept) >= 20 - (torn + 4095) // 4096 if torn else len(kept) == 20
    assert after.counts().on_disk
    after.close()


def test_the_wall_clock_jumps_and_nothing_is_lost_or_late(file: Path) -> None:
    wall = 1_800_000_000.0
    store = Store(file, lambda: wall)
    store.add(Message("cue", b"a", expires_at=uptime() + 10.0, seq=1), "s")
    store.close()
    for jump in (-1e9, 3600.0 * 24 * 365):
        later = Store(file, lambda jump=jump: wall + jump)
        assert [message.payload for message in later.load()] == [b"a"]
        later.close()


@pytest.mark.parametrize(
    ("passed", "kept"),
    [(3.0, [b"a"]), (11.0, []), (-1.0, []), (-1e9, []), (1e9, [])],
    ids=["fresh", "old", "from-the-future", "clock-without-battery", "clock-ahead"],
)
def test_after_a_restart_of_the_machine_the_wall_clock_tells(
    file: Path, monkeypatch: pytest.MonkeyPatch, passed: float, kept: list[bytes]
) -> None:
    wall = 1_800_000_000.0
    store = Store(file, lambda: wall)
    store.add(Message("cue", b"a", expires_at=uptime() + 10.0, seq=1), "s")
    store.close()
    monkeypatch.setattr("edge.mqtt.store.boot", lambda: "another")
    after = Store(file, lambda: wall + passed)
    found = after.load()
    assert [message.payload for message in found] == kept
    assert all(0 < (message.expires_at or 0) - uptime() <= 10.0 - passed for message in found)
    after.close()


@pytest.mark.parametrize("content", [b"this is no database" * 100, b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_file_that_is_none_is_begun_anew(file: Path, content: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    outbox = Outbox(file)
    assert outbox.counts().on_disk
    add(outbox, "a")
    assert drain(outbox) == [b"a"]
    outbox.close()


def test_a_file_of_another_layout_is_begun_anew(file: Path) -> None:
    file.parent.mkdir()
    other = sqlite3.connect(file)
    other.execute("PRAGMA user_version = 99")
    other.close()
    outbox = Outbox(file)
    assert outbox.counts().on_disk
    outbox.close()


def test_two_of_one_name_do_not_share_a_file(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    first, second = Outbox(file), Outbox(file)
    assert "another facecue with the same mqtt.device uses" in caplog.text
    assert (first.counts().on_disk, second.counts().on_disk) == (True, False)
    add(second, "a")
    assert drain(first) == []
    assert drain(second) == [b"a"]
    assert first.stream != second.stream
    first.close()
    second.close()


def test_a_folder_that_cannot_be_made(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "blocked").write_text("")
    outbox = Outbox(tmp_path / "blocked" / "outbox.sqlite")
    assert "set mqtt.outbox_folder to a folder" in caplog.text
    add(outbox, "a")
    assert drain(outbox) == [b"a"]


def test_the_file_stays_small_and_only_its_owner_reads_it(file: Path) -> None:
    outbox = Outbox(file, capacity=50)
    for number in range(400):
        add(outbox, f"{number} " + "x" * 800)
        if number % 2:
            taken = outbox.take(0.0)
            assert taken is not None
            outbox.done(taken)
    sizes = sum(path.stat().st_size for path in file.parent.iterdir())
    assert sizes < 1_000_000 < MOST_PAGES * 4096
    assert file.stat().st_mode & 0o077 == 0
    outbox.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    mount = shutil.which("mount", path=f"{os.environ.get('PATH', '')}:/usr/bin:/bin:/sbin")
    options = ["-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if mount is None or subprocess.run([mount, *options], capture_output=True).returncode:
        pytest.skip("needs the right to mount a small tmpfs: run as root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_costs_no_event_and_is_used_again_when_there_is_room(
    small_disk: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = small_disk / "outbox.sqlite"
    outbox = Outbox(file)
    made: list[tuple[str, int]] = []

    def note(stream: str, seq: int) -> bytes:
        made.append((stream, seq))
        return str(seq).encode()

    outbox.add("cue", LATER, note)
    filling = small_disk / "filling"
    with pytest.raises(OSError, match="No space"), filling.open("wb", buffering=0) as stream:
        while True:
            stream.write(b"\0" * 4096)
    for _ in range(300):
        outbox.add("cue", LATER, note)
    assert caplog.text.count("is full, so cues that wait for the broker are kept in memory only") == 1
    assert not outbox.counts().on_disk
    filling.unlink()
    monkeypatch.setattr("edge.mqtt.outbox.uptime", lambda: uptime() + 31.0)
    outbox.add("cue", LATER, note)
    assert outbox.counts().on_disk
    outbox.close()
    again = Outbox(file)
    assert again.seq == 302
    payloads = [int(payload) for payload in drain(again)]
    assert payloads == list(range(1, 303))
    # No number was given twice in a stream, but for the one that was made again in a stream of its own.
    assert len(made) == len(set(made)) == 303
    again.close()


def test_where_the_file_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/home/anna/state")
    assert path_of("", "facecue-x") == Path("/home/anna/state/facecue/outbox-facecue-x.sqlite")
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/facecue:/var/lib/more")
    assert path_of("", "facecue-x") == Path("/var/lib/facecue/outbox-facecue-x.sqlite")
    assert path_of("/srv", "facecue-x") == Path("/srv/outbox-facecue-x.sqlite")
    monkeypatch.delenv("STATE_DIRECTORY")
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", "nowhere")
    assert path_of("", "facecue-x") is None
