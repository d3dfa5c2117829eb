"""One run of the loop with everything that has to be opened and closed around it."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from edge import loop, wiring
from edge.backends.base import Backend
from edge.control.buttons import Buttons
from edge.control.control import Control
from edge.control.plan import planned
from edge.control.recall import Recall
from edge.control.steering import Steering
from edge.cues.catalogue import Catalogue
from edge.errors import (
    BackendError,
    ButtonError,
    MqttError,
    SettingsError,
    SourceError,
    SpeechError,
    StickError,
)
from edge.fanout import DirectOutlet, EventsFile, FanOut, Outlet
from edge.model_folder import ModelFolder
from edge.mqtt.sink import MqttSink, sink_or_none
from edge.paced import PacedFrames
from edge.pipeline import Pipeline
from edge.settings import Settings
from edge.sinks import Sink, SinkWorker
from edge.sources.base import FrameReader
from edge.sources.grabber import Grabber
from edge.sources.naming import without_credentials
from edge.sources.open import is_live, open_source
from edge.sources.pausable import Pausable
from edge.speech.control import SpeechControl
from edge.speech.make import make_sink
from edge.stopwatch import Stopwatch

log = logging.getLogger(__name__)

DRAIN_SECONDS = 6.0
MOST_FAULTS = 20

END_LABELS: dict[type[Exception], str] = {
    SourceError: "camera_absent",
    MqttError: "mqtt_lost",
    StickError: "stick_absent",
    BackendError: "device_lost",
}
"""What is said when an error of this kind ends the run; of any other, that facecue cannot go on."""


@dataclass(eq=False)
class Session:
    """What `facecue run`, `demo` and `bench` have in common.

    replay: every frame on the clip's own clock, deterministically. events: where one JSON object
    per cue goes. fallback_wav: the speech goes there if nothing can play sound. sinks: further
    ones. stop: set it to end the run in good order. control: commands left there are obeyed, live only.
    """

    settings: Settings
    replay: bool = False
    events: TextIO | None = None
    fallback_wav: Path | None = None
    sinks: Sequence[Sink] = ()
    watch: loop.Watch | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    control: Control = field(default_factory=Control)
    stopwatch: Stopwatch = field(default_factory=Stopwatch)
    frames: int = 0
    seconds: float = 0.0
    faults: deque[str] = field(default_factory=lambda: deque(maxlen=MOST_FAULTS))
    _replay_clock: loop.ReplayClock = field(default_factory=loop.ReplayClock)
    _started: float = field(default_factory=time.monotonic)
    _fan_out: FanOut = field(init=False)
    _catalogue: Catalogue = field(init=False)
    _recall: Recall = field(init=False)
    _mqtt: MqttSink | None = field(init=False, default=None)
    voice: SpeechControl = field(init=False)

    def run(self, on_ready: Callable[[ModelFolder, Backend], None] | None = None) -> FanOut:
        """Open everything, loop to the end, close everything. Raises FacecueError.

        Whatever ends a live run is said first: to a blind user a silent end looks like an empty room.
        """
        uri = self.settings.source.uri
        if self.replay and is_live(uri):
            raise SettingsError([f"a replay needs a clip or pictures, not {without_credentials(uri)}"])
        self._catalogue = Catalogue(self.settings.cues.language)
        self._recall = Recall(self.settings.cues, self._catalogue)
        self.voice = SpeechControl.of(self.settings.speech, self._catalogue.voice)
        self._fan_out = FanOut(EventsFile(self.events) if self.events else None, self._on_fault)
        with ExitStack() as stack:
            stack.callback(self._fan_out.close)
            self._fan_out.add(self._recall)
            for outlet in self._outlets():
                self._fan_out.add(outlet)
            try:
                self._open_and_loop(stack, on_ready)
            except Exception as error:
                if not self.replay:
                    kinds = (label for kind, label in END_LABELS.items() if isinstance(error, kind))
                    self._say(next(kinds, "cannot_go_on"))
                    self._fan_out.drain(DRAIN_SECONDS)
                raise
            if self.stop.is_set() and not self.replay:
                self._say("stopped")
            self._fan_out.drain(DRAIN_SECONDS)
            return self._fan_out

    def clock(self) -> float:
        """Seconds of the clip in a replay, else since the start."""
        return self._replay_clock() if self.replay else time.monotonic() - self._started

    def _open_and_loop(
        self, stack: ExitStack, on_ready: Callable[[ModelFolder, Backend], None] | None
    ) -> None:
        settings = self.settings
        folder = wiring.model(settings.model)
        # A replay is over before a stick has booted, and is to come out the same every time.
        device = wiring.device(settings, folder, self._on_fault, wait_for_boot=self.replay)
        stack.callback(device.close)
        pipeline = wiring.pipeline(settings, folder, device, self.stopwatch)
        if settings.mqtt.host and settings.mqtt.required:
            MqttSink.check(settings.mqtt)
        # The first source error is the user's to mend; only later ones are waited out.
        reader = open_source(settings.source)
        stack.callback(reader.close)
        if on_ready is not None:
            on_ready(folder, device)
        begin = time.perf_counter()
        try:
            self.frames = self._loop(reader, pipeline, device, stack)
        finally:
            self.seconds = time.perf_counter() - begin

    def _loop(self, reader: FrameReader, pipeline: Pipeline, device: Backend, stack: ExitStack) -> int:
        fan_out, stopwatch = self._fan_out, self.stopwatch
        if self.replay:
            return loop.replay(
                reader, pipeline, fan_out, self._replay_clock, stopwatch, self.stop, self.watch
            )
        # Also makes the voice before there is anything urgent to say.
        self._say("ready")
        for label in wiring.found(self.settings.model, device, reader.live):
            self._say(label)
        self._open_buttons(stack)
        frames: loop.LatestFrames
        if reader.live:
            source = self.settings.source

            def grab(first: FrameReader | None = None) -> Grabber:
                return Grabber(lambda: open_source(source), source, self.clock, first)

            pausable = Pausable(grab, grab(reader))
            stack.callback(pausable.close)
            frames = pausable
        else:
            frames = PacedFrames(reader, self.clock, self.stop.wait)
        show = self._mqtt.show if self._mqtt is not None else None
        steering = Steering(
            self.settings,
            self._catalogue,
            self.control,
            self._recall,
            pipeline,
            frames,
            self.voice,
            self.stop,
            show,
        )
        return loop.live(
            frames,
            pipeline,
            fan_out,
            self.clock,
            stopwatch,
            self.stop,
            self.watch,
            steering,
            self._catalogue,
        )

    def _outlets(self) -> Iterator[Outlet]:
        """One after the other, so that a fault of the next one is told through those before."""
        for sink in self.sinks:
            yield self._outlet(sink)
        speech = self.settings.speech
        if speech.enabled and speech.wav:
            # A file that was asked for and cannot be written is the user's to mend, now.
            yield self._outlet(self._speech())
        elif speech.enabled and not self.replay:  # a replay outruns any player
            yield self._outlet(wiring.LateSink("speech", self._speech), newest_wins=True)
        if not self.replay:
            for sink in wiring.touched(self.settings):
                yield self._outlet(sink, newest_wins=True)
        levels, control = self.settings.cues.levels, None if self.replay else self.control
        self._mqtt = sink_or_none(self.settings.mqtt, levels, self._on_fault, self.clock, control)
        if self._mqtt is not None:
            yield self._outlet(self._mqtt)

    def _outlet(self, sink: Sink, newest_wins: bool = False) -> Outlet:
        if self.replay:
            return DirectOutlet(sink, self._on_fault)
        return SinkWorker(sink, self.clock, self._on_fault, newest_wins=newest_wins)

    def _speech(self) -> Sink:
        sink = make_sink(
            self.settings.speech, self.voice, self.clock, self.fallback_wav, paced=not self.replay
        )
        phrases = self._catalogue.vocabulary()
        try:
            # One phrase is enough to find out whether the voice works; the first cue does not wait for more.
            sink.prepare(phrases[:1])
            if not self.replay:
                sink.keep_prepared(phrases)
        except SpeechError:
            sink.close()  # LateSink makes a new one for the next cue
            raise
        return sink

    def _open_buttons(self, stack: ExitStack) -> None:
        """A device without its buttons still says what it sees, and says that it has none."""
        settings = self.settings.control
        if not settings.buttons:
            return
        try:
            plans = planned(settings.buttons)
            buttons = Buttons(plans, self.control, settings.long_press_seconds, settings.bounce_seconds)
        except ButtonError as error:
            log.warning("%s", error)
            self._on_fault("buttons", error)
        else:
            stack.callback(buttons.close)

    def _say(self, label: str) -> None:
        self._fan_out.send(loop.health(label, self.clock(), self._catalogue))

    def _on_fault(self, name: str, error: Exception | None) -> None:
        """A sink or the stick failed, or works again: told through the others."""
        if error is not None:
            self.faults.append(str(error))
        label = f"{name}_{'found' if error is None else 'lost'}"
        if label in self._catalogue:
            self._fan_out.send(loop.health(label, self.clock(), self._catalogue), but=name)
