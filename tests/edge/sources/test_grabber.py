from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from mjpeg_server import MjpegCamera, draw_number, read_number

from edge.errors import SourceError
from edge.settings import SourceSettings
from edge.sources import grabber as grabber_module
from edge.sources.base import FrameReader
from edge.sources.grabber import Grabber
from edge.sources.open import open_source
from edge.sources.still import Stillness
from edge.types import Frame

PATIENCE_SECONDS = 20.0
SETTINGS = SourceSettings(
    open_timeout_seconds=1.0,
    read_timeout_seconds=1.0,
    reconnect_seconds=0.05,
    reconnect_most_seconds=0.2,
    frozen_seconds=1.0,
)


@pytest.fixture
def camera() -> Iterator[MjpegCamera]:
    camera = MjpegCamera()
    yield camera
    camera.close()


@pytest.fixture
def grabber(camera: MjpegCamera) -> Iterator[Grabber]:
    grabber = Grabber(lambda: open_source(SETTINGS, camera.uri), SETTINGS)
    yield grabber
    grabber.close()


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def next_frame(grabber: Grabber) -> Frame:
    frame = grabber.latest(PATIENCE_SECONDS)
    assert frame is not None
    return frame


def test_slow_consumer_gets_fresh_frames(camera: MjpegCamera, grabber: Grabber) -> None:
    next_frame(grabber)
    ages, frames = [], []
    for _ in range(8):
        time.sleep(0.3)  # what the net takes on a slow device
        frame = next_frame(grabber)
        ages.append(camera.number - read_number(frame.image))
        frames.append(frame)
    # Read one by one, each would be 5 frames older than the one before, and the last 40.
    assert sorted(ages)[len(ages) // 2] <= 5
    assert ages[-1] <= 20
    indexes = [f.index for f in frames]
    assert indexes == sorted(set(indexes))
    assert indexes[-1] - indexes[0] > 15, "frames passed over are counted"
    times = [f.captured_at for f in frames]
    assert times == sorted(times)


def test_a_frame_is_handed_out_once(camera: MjpegCamera, grabber: Grabber) -> None:
    next_frame(grabber)
    camera.stalled = True
    while grabber.latest(0.3) is not None:
        pass
    assert grabber.latest(0.05) is None


def test_stall_is_noticed_and_survived(camera: MjpegCamera, grabber: Grabber, caplog) -> None:
    caplog.set_level(logging.INFO)
    before = next_frame(grabber)
    assert not grabber.lost
    assert not grabber.ended
    assert grabber.state.why == ""
    camera.stalled = True
    stalled = time.monotonic()
    until(lambda: grabber.lost)
    assert time.monotonic() - stalled < 10
    assert camera.uri in grabber.state.why
    camera.stalled = False
    until(lambda: not grabber.lost)
    frame = next_frame(grabber)
    assert frame.index > before.index
    assert camera.number - read_number(frame.image) <= 20
    said = [m for m in caplog.messages if camera.uri in m]
    assert len(said) == 2, "one message for the loss, one for the return"
    assert said[1].endswith("is back")


def test_camera_that_hangs_up_is_opened_again(camera: MjpegCamera, grabber: Grabber) -> None:
    next_frame(grabber)
    connections = camera.connections
    camera.hang_up()
    until(lambda: camera.connections > connections)
    until(lambda: not grabber.lost)
    assert camera.number - read_number(next_frame(grabber).image) <= 20


def test_camera_that_dies_and_comes_back_is_opened_again(camera: MjpegCamera, grabber: Grabber) -> None:
    next_frame(grabber)
    camera.die()
    until(lambda: "refuses the connection" in grabber.state.why)
    lost_since = grabber.state.since
    grabber.latest(0)
    assert grabber.latest(0.3) is None
    assert grabber.state.since == lost_since
    camera.start()
    until(lambda: not grabber.lost)
    assert camera.number - read_number(next_frame(grabber).image) <= 20


def test_frozen_picture_is_a_lost_camera(camera: MjpegCamera, grabber: Grabber) -> None:
    next_frame(grabber)
    camera.freeze()
    until(lambda: grabber.lost)
    assert "same picture" in grabber.state.why
    connections = camera.connections
    grabber.latest(0)
    until(lambda: camera.connections > connections + 1)
    assert grabber.lost, "opening a frozen camera again does not bring it back"
    assert grabber.latest(0) is None
    camera.frozen = False
    until(lambda: not grabber.lost)
    assert camera.number - read_number(next_frame(grabber).image) <= 20


def absent() -> FrameReader:
    raise SourceError("camera 97 is absent")


def test_camera_absent_from_the_start_is_lost_with_the_reason() -> None:
    grabber = Grabber(absent, SETTINGS)
    until(lambda: grabber.lost)
    assert grabber.state.why == "camera 97 is absent"
    assert grabber.latest(0.01) is None
    assert grabber.close()


def test_unforeseen_errors_do_not_end_the_thread_nor_show_secrets() -> None:
    tries = []

    def broken() -> FrameReader:
        tries.append(1)
        raise RuntimeError("rtsp://anna:secret@camera went wrong")

    grabber = Grabber(broken, SETTINGS)
    until(lambda: len(tries) > 2)
    assert "RuntimeError" in grabber.state.why
    assert "secret" not in grabber.state.why
    assert grabber.close()


class ScriptedReader:
    """A live source that takes one picture per permit, and hangs without one as a driver would."""

    live = True
    name = "camera 0"
    frames_per_second = None

    def __init__(self) -> None:
        self.permits = threading.Semaphore(0)
        self.unplugged = False
        self.number = 0
        self.closed = threading.Event()

    def unplug(self) -> None:
        self.unplugged = True
        self.permits.release()

    def read(self) -> Frame | None:
        self.permits.acquire()
        if self.unplugged:
            return None
        self.number += 1
        return Frame(draw_number(self.number), 0, 0.0)

    def close(self) -> None:
        self.closed.set()


def test_time_of_a_frame_is_the_clock_after_the_read() -> None:
    now = [100.0]
    reader = ScriptedReader()
    grabber = Grabber(absent, SETTINGS, clock=lambda: now[0], reader=reader)
    now[0] = 101.5
    reader.permits.release()
    frame = next_frame(grabber)
    assert (frame.index, frame.captured_at) == (0, 101.5)
    # Nothing more comes, and the clock shows that.
    now[0] = 102.4
    assert not grabber.lost
    now[0] = 102.6
    assert grabber.lost
    assert grabber.state.why == "camera 0 sends no pictures"
    assert grabber.state.since == 102.6
    reader.permits.release()
    assert read_number(next_frame(grabber).image) == 2
    assert not grabber.lost
    reader.unplug()
    until(lambda: "absent" in grabber.state.why)
    assert reader.closed.is_set()
    assert grabber.close()


def test_reader_that_hangs_does_not_hold_up_close(monkeypatch, caplog) -> None:
    monkeypatch.setattr(grabber_module, "JOIN_SECONDS", 0.2)
    reader = ScriptedReader()
    grabber = Grabber(absent, SETTINGS, reader=reader)
    reader.permits.release()
    next_frame(grabber)
    assert not grabber.close()
    assert "camera 0 hangs" in caplog.text
    assert not reader.closed.is_set(), "closing under a running read would crash OpenCV"
    reader.permits.release()
    until(reader.closed.is_set)
    assert grabber.close()


def test_close_ends_a_wait_for_frames() -> None:
    reader = ScriptedReader()
    grabber = Grabber(absent, SETTINGS, reader=reader)
    got: list[Frame | None] = []
    waiting = threading.Thread(target=lambda: got.append(grabber.latest(PATIENCE_SECONDS)))
    waiting.start()
    closing = threading.Thread(target=grabber.close)
    closing.start()
    waiting.join(PATIENCE_SECONDS)
    assert got == [None]
    reader.permits.release()
    closing.join(PATIENCE_SECONDS)
    assert reader.closed.is_set()


def test_pauses_between_attempts_double_up_to_the_longest() -> None:
    settings = SourceSettings(reconnect_seconds=0.05, reconnect_most_seconds=0.2)
    times: list[float] = []

    def note() -> FrameReader:
        times.append(time.monotonic())
        return absent()

    grabber = Grabber(note, settings)
    until(lambda: len(times) >= 6)
    assert grabber.close()
    pauses = np.diff(times[:6])
    assert (pauses >= np.array([0.05, 0.1, 0.2, 0.2, 0.2]) - 0.005).all()


def test_only_identical_pictures_are_frozen() -> None:
    still = Stillness(5.0)
    picture = np.full((64, 64, 3), 90, np.uint8)
    noisy = picture.copy()
    noisy[33, 7, 1] += 1
    assert not still.frozen(picture, 0.0)
    assert not still.frozen(picture.copy(), 4.9)
    assert still.frozen(picture.copy(), 5.0)
    assert not still.frozen(noisy, 6.0), "one value of one pixel is enough"
    assert not still.frozen(noisy[:32], 20.0), "another size is another picture"
