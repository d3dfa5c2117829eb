"""One run of the loop with everything that has to be opened and closed around it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from edge import loop, wiring
from edge.backends.base import Backend
from edge.cues.catalogue import HEALTH_PHRASES, vocabulary
from edge.errors import SpeechError
from edge.fanout import DirectOutlet, EventsFile, FanOut, Outlet
from edge.model_folder import ModelFolder
from edge.mqtt.sink import MqttSink, sink_or_none
from edge.paced import PacedFrames
from edge.pipeline import Pipeline
from edge.settings import Settings
from edge.sinks import Sink, SinkWorker
from edge.sources.base import FrameReader
from edge.sources.grabber import Grabber
from edge.sources.open import open_source
from edge.speech.players import choose_player
from edge.speech.sink import SpeechSink
from edge.speech.synthesis import Synthesiser
from edge.stopwatch import Stopwatch

log = logging.getLogger(__name__)

DRAIN_SECONDS = 6.0


@dataclass(eq=False)
class Session:
    """What `facecue run` and `facecue demo` have in common.

    replay: every frame on the clip's own clock, deterministically. events: where one JSON object
    per cue goes. fallback_wav: the speech goes there if nothing can play sound. sinks: further
    ones. stop: set it to end the run in good order.
    """

    settings: Settings
    replay: bool = False
    events: TextIO | None = None
    fallback_wav: Path | None = None
    sinks: Sequence[Sink] = ()
    watch: loop.Watch | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    stopwatch: Stopwatch = field(default_factory=Stopwatch)
    frames: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)

    def run(self, on_ready: Callable[[ModelFolder, Backend], None] | None = None) -> FanOut:
        """Open everything, loop to the end, close everything. Raises FacecueError."""
        with ExitStack() as stack:
            folder = wiring.model(self.settings.model)
            device = wiring.backend(self.settings.model, folder)
            stack.callback(device.close)
            pipeline = wiring.pipeline(self.settings, folder, device, self.stopwatch)
            if self.settings.mqtt.host and self.settings.mqtt.required:
                MqttSink.check(self.settings.mqtt)
            # The first source error is the user's to mend; only later ones are waited out.
            first = open_source(self.settings.source)
            stack.callback(first.close)
            started = time.monotonic()
            replay_clock = loop.ReplayClock()

            def since_start() -> float:
                return time.monotonic() - started

            clock: loop.Clock = replay_clock if self.replay else since_start
            fan_out = FanOut(EventsFile(self.events) if self.events else None, self._on_fault)
            self._fan_out, self._clock = fan_out, clock
            stack.callback(fan_out.close)
            for outlet in self._outlets(clock):
                fan_out.add(outlet)
            if on_ready is not None:
                on_ready(folder, device)
            begin = time.perf_counter()
            try:
                self.frames = self._loop(first, pipeline, replay_clock, stack)
            except Exception:
                # Said before the program ends: to a blind user a silent end looks like an empty room.
                fan_out.send(loop.health("device_lost", clock()))
                fan_out.drain(DRAIN_SECONDS)
                raise
            finally:
                self.seconds = time.perf_counter() - begin
            fan_out.drain(DRAIN_SECONDS)
            return fan_out

    def _loop(
        self, reader: FrameReader, pipeline: Pipeline, replay_clock: loop.ReplayClock, stack: ExitStack
    ) -> int:
        fan_out, clock = self._fan_out, self._clock
        if self.replay:
            return loop.replay(reader, pipeline, fan_out, replay_clock, self.stopwatch, self.stop, self.watch)
        # Also makes the voice before there is anything urgent to say.
        fan_out.send(loop.health("ready", clock()))
        frames: loop.LatestFrames
        if reader.live:
            source = self.settings.source
            grabber = Grabber(lambda: open_source(source), source, clock, reader)
            stack.callback(grabber.close)
            frames = grabber
        else:
            frames = PacedFrames(reader, clock, self.stop.wait)
        return loop.live(frames, pipeline, fan_out, clock, self.stopwatch, self.stop, self.watch)

    def _outlets(self, clock: loop.Clock) -> Iterator[Outlet]:
        sinks = list(self.sinks)
        speech = self.settings.speech
        # A replay outruns any player: it speaks into a file, or not at all.
        if speech.enabled and (not self.replay or speech.wav):
            sinks.append(wiring.LateSink("speech", lambda: self._speech(clock)))
        mqtt = sink_or_none(self.settings.mqtt, self.settings.cues.levels, self._on_fault, clock)
        if mqtt is not None:
            sinks.append(mqtt)
        for sink in sinks:
            if self.replay:
                yield DirectOutlet(sink, self._on_fault)
            else:
                yield SinkWorker(sink, clock, self._on_fault)

    def _speech(self, clock: loop.Clock) -> Sink:
        player = choose_player(self.settings.speech, clock, self.fallback_wav, paced=not self.replay)
        sink = SpeechSink(Synthesiser(self.settings.speech), player)
        if not self.replay:
            try:
                sink.prepare(vocabulary())
            except SpeechError:
                sink.close()  # LateSink makes a new one for the next cue
                raise
        return sink

    def _on_fault(self, name: str, error: Exception | None) -> None:
        """A sink failed or works again: told through the others."""
        label = f"{name}_{'found' if error is None else 'lost'}"
        if error is not None:
            self.faults.append(str(error))
            log.warning("%s: %s", name, error)
        if label in HEALTH_PHRASES:
            self._fan_out.send(loop.health(label, self._clock()))
