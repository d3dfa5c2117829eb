"""The two loops: a replay on the clip's own clock, and live from a camera."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from edge.control.steering import Steering
from edge.cues.catalogue import ENGLISH, Catalogue
from edge.fanout import FanOut
from edge.pipeline import Pipeline, Step
from edge.stopwatch import Stopwatch
from edge.types import Cue, Frame, Priority

WAIT_SECONDS = 0.25
"""The loop turns at least this often, picture or not: absence must be noticed."""
HEALTH_EXPIRY_SECONDS = 30.0
REPEAT_SECONDS = 60.0
"""A source that stays lost is spoken of this often."""


class Reader(Protocol):
    """Pictures one after the other, None at the end."""

    def read(self) -> Frame | None:
        """The next picture."""


class LatestFrames(Protocol):
    """The newest picture, whatever happened to the others."""

    @property
    def lost(self) -> bool:
        """Whether the source gives no pictures at present."""

    @property
    def ended(self) -> bool:
        """Whether there will be no more pictures (the end of a clip)."""

    def latest(self, timeout_seconds: float) -> Frame | None:
        """A picture newer than the one last handed out, or None after the time-out."""

    def pause(self) -> bool:
        """Take no pictures; False where the source hangs and may still be open."""

    def resume(self) -> None:
        """Take pictures again."""


class ReplayClock:
    """The position in the clip, as the clock of a replay."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Pulse(Protocol):
    """Told of every turn of the live loop, on the loop's own thread; must return at once.

    What feeds the watchdog hangs on this: nothing else may tell it that the loop is alive.
    """

    def picture(self, frame: Frame, step: Step, now: float) -> None:
        """A picture went through the pipeline, and its cues are on their way."""

    def turn(self, paused: bool, lost: bool, now: float) -> None:
        """A turn without a picture: paused by the user, the source lost, or neither."""


Clock = Callable[[], float]
Watch = Callable[[Frame, Step], None]
"""Called after every frame, for displays; must return quickly."""


def health(label: str, now: float, catalogue: Catalogue = ENGLISH) -> Cue:
    """A cue about the device itself; label: a key of the catalogue."""
    expires_at = now + HEALTH_EXPIRY_SECONDS
    return Cue("health", label, catalogue.phrase(label), Priority.NOW, now, expires_at, phrases=(label,))


def replay(
    reader: Reader,
    pipeline: Pipeline,
    fan_out: FanOut,
    clock: ReplayClock,
    stopwatch: Stopwatch,
    stop: threading.Event,
    watch: Watch | None = None,
) -> int:
    """Every frame, in order, as fast as it goes; returns how many there were."""
    count = 0
    while not stop.is_set():
        with stopwatch.stage("source"):
            frame = reader.read()
        if frame is None:
            break
        clock.now = frame.captured_at
        begin = time.monotonic()
        _advance(pipeline, fan_out, stopwatch, frame, clock.now, _since(time.monotonic, begin), watch)
        count += 1
    return count


def live(
    frames: LatestFrames,
    pipeline: Pipeline,
    fan_out: FanOut,
    clock: Clock,
    stopwatch: Stopwatch,
    stop: threading.Event,
    watch: Watch | None = None,
    steering: Steering | None = None,
    catalogue: Catalogue = ENGLISH,
    pulse: Pulse | None = None,
) -> int:
    """The newest frame each time, until `stop` is set or the source has ended.

    clock: the one the frames' captured_at is counted on. steering: obeys what the user wants meanwhile.
    pulse: told of every turn.
    """
    count, lost, said_at = 0, False, 0.0
    while not stop.is_set():
        if steering is not None and steering.paused:
            frame = None
            steering.wait(WAIT_SECONDS)
        else:
            frame = frames.latest(WAIT_SECONDS)
        now = clock()
        if steering is not None:
            # Before the picture is worked on: whoever asks has waited for it already.
            for cue in steering.turn(now):
                fan_out.send(cue)
            if steering.paused or stop.is_set():
                lost = False
                if pulse is not None:
                    pulse.turn(steering.paused, False, now)
                continue
        # While it lasts it is said again: silence would sound like an empty room.
        before, lost = lost, frames.lost
        if lost and (not before or now - said_at >= REPEAT_SECONDS):
            said_at = now
            fan_out.send(health("camera_lost", now, catalogue))
        elif before and not lost:
            fan_out.send(health("camera_found", now, catalogue))
        if frame is None and frames.ended:
            break
        captured_at = frame.captured_at if frame else now
        step = _advance(pipeline, fan_out, stopwatch, frame, now, _since(clock, captured_at), watch)
        if steering is not None and frame is not None:
            steering.recall.see(frame, step, now)
        if pulse is not None:
            if frame is not None:
                pulse.picture(frame, step, clock())
            else:
                pulse.turn(False, lost, now)
        count += frame is not None
    return count


def _advance(
    pipeline: Pipeline,
    fan_out: FanOut,
    stopwatch: Stopwatch,
    frame: Frame | None,
    now: float,
    age_seconds: Clock,
    watch: Watch | None,
) -> Step:
    """age_seconds: how old the picture is; in a replay, how long the work on it has taken."""
    with stopwatch.stage("frame"):
        step = pipeline.step(frame, now)
    for cue in step.cues:
        fan_out.send(cue, None if frame is None else age_seconds() * 1000.0)
    if watch is not None and frame is not None:
        watch(frame, step)
    return step


def _since(clock: Clock, begin: float) -> Clock:
    return lambda: clock() - begin
