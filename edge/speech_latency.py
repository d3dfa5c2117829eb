"""How long it takes from a captured frame to the first sample of what is said of it.

Everything runs as in `facecue run`: a camera's thread, the loop, events, speech; and the broker where one is
set. Only the camera and the sound card are stand-ins: the one plays a clip, the other is the real aplay with
a pipe behind it. What the card itself holds back, some 20 to 100 ms, is not in the figures.
"""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np

from edge import loop, wiring
from edge.cues.catalogue import Catalogue
from edge.fanout import EventsFile, FanOut
from edge.mqtt.sink import sink_or_none
from edge.pipeline import Step
from edge.settings import Settings
from edge.sinks import SinkWorker
from edge.sources.base import FrameReader
from edge.sources.grabber import Grabber
from edge.sources.open import open_source
from edge.sources.pausable import Pausable
from edge.sources.repeated import Repeated
from edge.speech.control import SpeechControl
from edge.speech.phrase import Phrase
from edge.speech.recording_player import RecordingPlayer
from edge.speech.sink import SpeechSink
from edge.speech.speaker import PlayedVoice
from edge.speech.synthesis import Synthesiser
from edge.stopwatch import Stopwatch
from edge.types import Cue, Frame

STAGES = ("faces", "crop", "action units", "emotion", "cues")
"""Of the pipeline, as its stopwatch names them."""
ORDER = ("loop", *STAGES, "rest of the step", "queue", "phrase", "player")
FREE_SECONDS = 0.05
"""A cue that waited longer in the queue found the voice speaking."""


class ClipCamera:
    """A clip, again and again, at its own speed; a live FrameReader of so many pictures a second."""

    live = True
    name = "the clip"

    def __init__(self, open: Callable[[], FrameReader], frames_per_second: float) -> None:
        self._reader = Repeated(open)
        self.frames_per_second: float | None = frames_per_second
        self._spacing = 1.0 / frames_per_second
        self._next: float | None = None
        self._began = 0.0

    def read(self) -> Frame | None:
        """The next picture, when its time has come."""
        while True:
            frame = self._reader.read()
            if frame is None:
                return None
            if self._next is None:
                self._began, self._next = time.monotonic() - frame.captured_at, frame.captured_at
            if frame.captured_at >= self._next - 1e-6:
                break
        self._next += self._spacing
        time.sleep(max(0.0, self._began + frame.captured_at - time.monotonic()))
        return frame

    def close(self) -> None:
        self._reader.close()


@dataclass(frozen=True)
class Spoken:
    """One cue. seconds: stage of ORDER -> how long it took."""

    text: str
    seconds: dict[str, float]

    @property
    def total(self) -> float:
        """Seconds from the captured frame to the first sample."""
        return sum(self.seconds.values())

    @property
    def waited(self) -> bool:
        """Whether the voice was speaking when it came."""
        return self.seconds["queue"] > FREE_SECONDS


@dataclass
class Report:
    """What was measured. model: what ran, and where."""

    model: str = ""
    spoken: list[Spoken] = field(default_factory=list)
    frames: int = 0
    seconds: float = 0.0

    def percentiles_ms(self, waited_too: bool) -> tuple[float, float]:
        """p50 and p95 of the whole way."""
        totals = [each.total for each in self.spoken if waited_too or not each.waited]
        return _percentiles_ms(totals)

    def stage_ms(self, stage: str) -> tuple[float, float]:
        """p50 and p95 of one stage, over the cues that found the voice free."""
        return _percentiles_ms([each.seconds[stage] for each in self.free])

    def share(self, stage: str) -> float:
        """The share of one stage in the whole way, 0..1."""
        return sum(each.seconds[stage] for each in self.free) / sum(each.total for each in self.free)

    @property
    def free(self) -> list[Spoken]:
        """The cues that found the voice free."""
        return [each for each in self.spoken if not each.waited]


class _TimedPlayer(RecordingPlayer):
    asked_at = 0.0

    def play(self, phrase: Phrase, cut: threading.Event) -> None:
        self.asked_at = time.monotonic()
        super().play(phrase, cut)


class _TimedSink(SpeechSink):
    """Keeps, for every cue that was heard: begin of its delivery, phrase ready, first sample."""

    def __init__(
        self, speaker: PlayedVoice, player: _TimedPlayer, control: SpeechControl, sounds: Sequence[str]
    ):
        super().__init__(speaker, control, sounds)
        self._player = player
        self.times: dict[int, tuple[float, float, float]] = {}

    def deliver(self, cue: Cue) -> None:
        begin, count = time.monotonic(), len(self._player.first_samples)
        super().deliver(cue)
        first = self._player.first_samples[-1] if len(self._player.first_samples) > count else None
        if first is not None:
            self.times[id(cue)] = (begin, self._player.asked_at, first)


def measure(settings: Settings, seconds: float, frames_per_second: float) -> Report:
    """Run for so many seconds on the clip that settings.source names. Raises FacecueError."""
    report, stop, stopwatch = Report(), threading.Event(), Stopwatch()
    seen: list[tuple[Cue, float, dict[str, float]]] = []

    def watch(frame: Frame, step: Step) -> None:
        report.frames += 1
        latest = {
            name: stopwatch.seconds[name][-1] for name in ("frame", *STAGES) if name in stopwatch.seconds
        }
        seen.extend((cue, frame.captured_at, latest) for cue in step.cues)

    with ExitStack() as stack:
        folder = wiring.model(settings.model)
        folder, device = wiring.device(settings, folder, _ignore, wait_for_boot=True)
        stack.callback(device.close)
        report.model = f"{folder.card.name} {folder.precision} on {device.description}"
        pipeline = wiring.pipeline(settings, folder, device, stopwatch)
        nowhere = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123  a device
        fan_out = FanOut(EventsFile(io.TextIOWrapper(nowhere.buffer, write_through=True)))
        stack.callback(fan_out.close)
        sink = _sink(settings)
        fan_out.add(SinkWorker(sink, time.monotonic, _ignore, newest_wins=True))
        broker = sink_or_none(settings.mqtt, settings.cues.levels, _ignore, time.monotonic)
        if broker is not None:
            fan_out.add(SinkWorker(broker, time.monotonic, _ignore))
        source = settings.source
        camera = ClipCamera(lambda: open_source(source), frames_per_second)
        frames = Pausable(
            lambda: Grabber(lambda: camera, source), Grabber(lambda: camera, source, time.monotonic, camera)
        )
        stack.callback(frames.close)
        timer = threading.Timer(seconds, stop.set)
        timer.start()
        stack.callback(timer.cancel)
        began = time.monotonic()
        loop.live(frames, pipeline, fan_out, time.monotonic, stopwatch, stop, watch)
        fan_out.drain(5.0)
        report.seconds = time.monotonic() - began
    report.spoken = [
        _spoken(cue, at, took, *sink.times[id(cue)]) for cue, at, took in seen if id(cue) in sink.times
    ]
    return report


def _sink(settings: Settings) -> _TimedSink:
    catalogue = Catalogue(settings.cues.language)
    control = SpeechControl.of(settings.speech, catalogue.voice)
    player = _TimedPlayer()
    sink = _TimedSink(
        PlayedVoice(Synthesiser(settings.speech, control), player, control),
        player,
        control,
        settings.speech.earcons,
    )
    # As a run does before it says that it is ready.
    sink.prepare(catalogue.vocabulary())
    return sink


def _spoken(
    cue: Cue, captured_at: float, took: dict[str, float], begin: float, ready: float, first: float
) -> Spoken:
    step = took["frame"]
    stages = {name: took.get(name, 0.0) for name in STAGES}
    rest = max(0.0, step - sum(stages.values()))
    return Spoken(
        cue.text,
        {
            "loop": max(0.0, cue.created_at - captured_at),
            **stages,
            "rest of the step": rest,
            "queue": max(0.0, begin - cue.created_at - step),
            "phrase": ready - begin,
            "player": first - ready,
        },
    )


def _percentiles_ms(seconds: Sequence[float]) -> tuple[float, float]:
    if not seconds:
        return float("nan"), float("nan")
    p50, p95 = np.percentile(np.array(seconds) * 1000.0, [50, 95])
    return float(p50), float(p95)


def _ignore(name: str, error: Exception | None) -> None:
    """Faults show in the figures: what was not heard is not counted."""
