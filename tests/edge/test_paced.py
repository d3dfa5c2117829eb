"""A clip at its own speed, on a clock that is stepped."""

from __future__ import annotations

import numpy as np

from edge.paced import PacedFrames
from edge.types import Frame

BLACK = np.zeros((2, 2, 3), np.uint8)


class Clip:
    """Frames at 10 per second."""

    def __init__(self, count: int) -> None:
        self._left = [Frame(BLACK, i, i / 10) for i in range(count)]

    def read(self) -> Frame | None:
        return self._left.pop(0) if self._left else None


class SteppedClock:
    """Time goes on only while somebody waits or works."""

    def __init__(self, start: float) -> None:
        self.now = start
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def paced(count: int, start: float = 50.0) -> tuple[PacedFrames, SteppedClock]:
    clock = SteppedClock(start)
    return PacedFrames(Clip(count), clock, clock.wait), clock


def test_every_frame_comes_at_its_time_to_a_viewer_who_keeps_up() -> None:
    frames, clock = paced(5)
    seen = []
    while (frame := frames.latest(1.0)) is not None:
        seen.append((frame.index, round(clock.now, 6), round(frame.captured_at, 6)))
    assert seen == [(i, 50 + i / 10, 50 + i / 10) for i in range(5)]
    assert frames.ended
    assert not frames.lost


def test_a_slow_viewer_misses_frames_but_not_time() -> None:
    frames, clock = paced(20)
    seen = []
    while (frame := frames.latest(1.0)) is not None:
        seen.append(frame.index)
        # Never older than one frame lasts, but for the last, which nothing relieves.
        assert frame.index == 19 or clock.now - frame.captured_at < 0.1 + 1e-6
        clock.now += 0.35
    assert seen == [0, 3, 7, 10, 14, 17, 19]


def test_a_frame_that_is_far_off_is_not_waited_for_beyond_the_timeout() -> None:
    frames, clock = paced(3)
    assert frames.latest(0.02) is not None
    assert frames.latest(0.02) is None
    assert not frames.ended
    assert clock.waits[-1] == 0.02
    while (frame := frames.latest(0.02)) is None:
        pass
    assert frame.index == 1


def test_a_clip_without_frames_has_ended() -> None:
    frames, _ = paced(0)
    assert frames.latest(1.0) is None
    assert frames.ended
