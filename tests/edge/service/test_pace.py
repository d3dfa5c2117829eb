"""Pictures are taken as fast as they are worth."""

from __future__ import annotations

from dataclasses import replace

from service_help import Clock, picture_of

from edge.service.pace import Pace, Unhurried
from edge.settings import PowerSettings
from edge.types import Frame

SETTINGS = PowerSettings(idle_frames_per_second=5.0, idle_after_seconds=10.0, hot_frames_per_second=2.0)


def test_idle_begins_when_no_face_was_there_for_long() -> None:
    pace = Pace(SETTINGS)
    assert pace.interval_seconds(0.0) == 0.0
    for second in range(20):
        pace.saw(picture_of(90), 0, float(second))
        assert pace.interval_seconds(float(second)) == (0.0 if second < 10 else 0.2)
    pace.saw(picture_of(90), 1, 20.0)
    assert pace.interval_seconds(29.9) == 0.0
    assert pace.interval_seconds(30.0) == 0.2


def test_something_that_moves_is_looked_at_closely() -> None:
    pace = Pace(SETTINGS)
    for second in range(20):
        pace.saw(picture_of(90), 0, float(second))
    pace.saw(picture_of(95), 0, 20.0)
    assert pace.interval_seconds(20.0) == 0.2, "light changes slowly, and noise is not movement"
    pace.saw(picture_of(140), 0, 20.2)
    assert pace.interval_seconds(20.2) == 0.0
    pace.saw(picture_of(140), 0, 23.3)
    assert pace.interval_seconds(23.3) == 0.2


def test_heat_goes_before_a_face() -> None:
    pace = Pace(SETTINGS)
    pace.held_back = True
    pace.saw(picture_of(90), 1, 0.0)
    assert pace.interval_seconds(0.0) == 0.5
    pace.settings = replace(SETTINGS, hot_frames_per_second=0.0, idle_frames_per_second=0.0)
    assert pace.interval_seconds(1000.0) == 0.0


class Endless:
    """A camera that has a picture whenever it is asked."""

    lost = ended = False

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.taken: list[float] = []

    def latest(self, timeout_seconds: float) -> Frame | None:
        self.taken.append(self._clock.now)
        return picture_of(90, self._clock.now)

    def pause(self) -> bool:
        return True

    def resume(self) -> None: ...


def test_the_newest_picture_is_taken_when_its_time_has_come() -> None:
    clock = Clock()
    begun = clock.now
    pace = Pace(SETTINGS)
    camera = Endless(clock)

    def wait(seconds: float) -> None:
        assert 0 < seconds <= 0.25
        clock.now += seconds

    frames = Unhurried(camera, pace, clock, wait)
    while clock.now < begun + 20.0:
        frame = frames.latest(0.25)
        if frame is not None:
            assert frame.captured_at == clock.now
            pace.saw(frame, 0, clock.now)
        clock.now += 0.05
    busy = [at for at in camera.taken if at < begun + 10.0]
    assert 195 <= len(busy) <= 205
    assert 45 <= len(camera.taken) - len(busy) <= 52
