"""One run of the loop with everything that has to be opened and closed around it."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
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
    ModelError,
    MqttError,
    SettingsError,
    SourceError,
    SpeechError,
    StickError,
)
from edge.fanout import DirectOutlet, EventsFile, FanOut, Outlet
from edge.model_folder import ModelFolder
from edge.mqtt.faults import Refused
from edge.mqtt.sink import MqttSink, sink_or_none
from edge.paced import PacedFrames
from edge.pipeline import Pipeline
from edge.service.health import payload
from edge.service.notify import Notifier
from edge.service.pace import Pace, Unhurried
from edge.service.reload import changes
from edge.service.service import Service
from edge.settings import Settings
from edge.sinks import Sink, SinkWorker
from edge.sources.base import FrameReader
from edge.sources.grabber import Grabber
from edge.sources.naming import without_credentials
from edge.sources.open import Opener, is_live, open_source
from edge.sources.pausable import Pausable
from edge.speech.control import SpeechControl
from edge.speech.make import make_sink
from edge.stopwatch import Stopwatch

log = logging.getLogger(__name__)

DRAIN_SECONDS = 6.0
END_SECONDS = 4.3
"""In which a service says its last words, closing included: systemd waits five seconds."""
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
    opening: keys of the catalogue that are said before anything else. service: told how it goes, live only.
    reload: reads the settings again, with what goes before them on the command line.
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
    opening: Sequence[str] = ()
    service: Service | None = None
    reload: Callable[[], Settings] | None = None
    frames: int = 0
    seconds: float = 0.0
    faults: deque[str] = field(default_factory=lambda: deque(maxlen=MOST_FAULTS))
    _replay_clock: loop.ReplayClock = field(default_factory=loop.ReplayClock)
    _started: float = field(default_factory=time.monotonic)
    _told_at: float = field(init=False, default=0.0)
    _fan_out: FanOut = field(init=False)
    _catalogue: Catalogue = field(init=False)
    _recall: Recall = field(init=False)
    _mqtt: MqttSink | None = field(init=False, default=None)
    _steering: Steering | None = field(init=False, default=None)
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
            told_to_end = self._work(on_ready)
            if told_to_end:
                self._say("stopped")
            watched = self.service is not None and self.service.notifier.active
            left = END_SECONDS - (time.monotonic() - self._told_at)
            self._fan_out.drain(max(0.5, left) if told_to_end and watched else DRAIN_SECONDS)
            return self._fan_out

    @property
    def quit(self) -> bool:
        """Whether the user has ended it, by a key or a button."""
        return self._steering is not None and self._steering.quit

    def clock(self) -> float:
        """Seconds of the clip in a replay, else since the start."""
        return self._replay_clock() if self.replay else time.monotonic() - self._started

    def _work(self, on_ready: Callable[[ModelFolder, Backend], None] | None) -> bool:
        """The run itself, closed again; what is said is heard meanwhile. Whether it was told to end."""
        with ExitStack() as stack:
            try:
                if not self.replay:
                    for label in self.opening:
                        self._say(label)
                self._open_and_loop(stack, on_ready)
            except Exception as error:
                if not self.replay:
                    kinds = (label for kind, label in END_LABELS.items() if isinstance(error, kind))
                    self._say(next(kinds, "cannot_go_on"))
                    self._fan_out.drain(DRAIN_SECONDS)
                raise
            told_to_end = self.stop.is_set() and not self.replay
            self._told_at = time.monotonic()
            if told_to_end:
                # Closing a camera that hangs takes seconds.
                self._say("shutting_down")
                if self.service is not None:
                    self.service.stopping()
        return told_to_end

    def _open_and_loop(
        self, stack: ExitStack, on_ready: Callable[[ModelFolder, Backend], None] | None
    ) -> None:
        settings = self.settings
        folder = wiring.model(settings.model)
        # A replay is over before a stick has booted, and is to come out the same every time.
        folder, device = wiring.device(settings, folder, self._on_fault, wait_for_boot=self.replay)
        stack.callback(device.close)
        pipeline = wiring.pipeline(settings, folder, device, self.stopwatch)
        if settings.mqtt.host and settings.mqtt.required:
            MqttSink.check(settings.mqtt)
        reader = self._first_reader()
        if reader is not None:
            stack.callback(reader.close)
        if on_ready is not None:
            on_ready(folder, device)
        begin = time.perf_counter()
        try:
            self.frames = self._loop(reader, pipeline, folder, device, stack)
        finally:
            self.seconds = time.perf_counter() - begin

    def _first_reader(self) -> FrameReader | None:
        """The source, opened; None where it may be absent and is. Raises SourceError."""
        source = self.settings.source
        try:
            return open_source(source)
        except SourceError as error:
            # The first error is the user's to mend, unless nobody is there to do so.
            if self.replay or source.required or not is_live(source.uri):
                raise
            log.warning("%s", error)
            return None

    def _loop(
        self,
        reader: FrameReader | None,
        pipeline: Pipeline,
        folder: ModelFolder,
        device: Backend,
        stack: ExitStack,
    ) -> int:
        fan_out, stopwatch = self._fan_out, self.stopwatch
        if self.replay:
            assert reader is not None
            return loop.replay(
                reader, pipeline, fan_out, self._replay_clock, stopwatch, self.stop, self.watch
            )
        # Also makes the voice before there is anything urgent to say.
        self._say("ready")
        for label in wiring.found(self.settings.model, device, reader is not None and reader.live):
            self._say(label)
        if reader is None:
            self._say("camera_absent")
        self._open_buttons(stack)
        service = self._service()
        frames: loop.LatestFrames
        pausable = None
        if reader is None or reader.live:
            pausable = Pausable(self._grab, self._grab(reader))
            stack.callback(pausable.close)
            frames = Unhurried(pausable, service.pace, self.clock, self.stop.wait)
        else:
            frames = PacedFrames(reader, self.clock, self.stop.wait)
        service.attach(
            self._say,
            lambda: self._recall.troubles,
            lambda: self._read_again(pipeline, service, pausable),
            (lambda: pausable.stuck_seconds) if pausable is not None else (lambda: 0.0),
            source=without_credentials(self.settings.source.uri),
            model=folder.card.name,
            device=device.description,
        )
        show = self._mqtt.show if self._mqtt is not None else None
        steering = self._steering = Steering(
            self.settings.cues,
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
            service,
        )

    def _service(self) -> Service:
        if self.service is None:
            self.service = Service(Notifier(), Pace(self.settings.power))
        return self.service

    def _grab(self, first: FrameReader | None = None) -> Grabber:
        source = self.settings.source
        return Grabber(Opener(source), source, self.clock, first)

    def _read_again(self, pipeline: Pipeline, service: Service, pausable: Pausable | None) -> None:
        """Apply what has changed in the settings, as far as it can be; who is being tracked stays known."""
        if self.reload is None:
            return
        try:
            new = self.reload()
            changed = changes(self.settings, new)
            if "cues" in changed.now:
                pipeline.set_cues(replace(new.cues, language=self.settings.cues.language))
        except (SettingsError, ModelError) as error:
            for line in str(error).splitlines():
                log.error("%s", line)
            self._say("settings_wrong")
            return
        old, self.settings = self.settings, new
        if "cues" in changed.now and self._steering is not None:
            self._steering.follow(new.cues)
        if "faces" in changed.now:
            pipeline.set_faces(new.faces)
        service.pace.settings = new.power
        if "speech" in changed.now:
            self.voice.voice = new.speech.voice or self._catalogue.voice
            self.voice.rate_words_per_minute = new.speech.rate_words_per_minute
            self.voice.volume = new.speech.volume
            self.voice.pause_seconds = new.speech.pause_seconds
        later = list(changed.later)
        if "source" in changed.now:
            # A clip is no source that could be taken away under the loop.
            if pausable is not None and is_live(new.source.uri):
                pausable.reopen(self._grab)
            else:
                self.settings = replace(new, source=old.source)
                later.append("source.uri")
        for key in later:
            log.warning("%s counts from the next start on", key)
        self._say("settings_changed")
        if later:
            self._say("restart_needed")

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
        health = None if self.replay else lambda: payload(self._service().snapshot())
        self._mqtt = sink_or_none(self.settings.mqtt, levels, self._on_fault, self.clock, control, health)
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
        cue = loop.health(label, self.clock(), self._catalogue)
        # The end that the user asked for is an answer, and heard while muted too.
        self._fan_out.send(replace(cue, kind="answer") if self.quit else cue)

    def _on_fault(self, name: str, error: Exception | None) -> None:
        """A sink or the stick failed, or works again: told through the others."""
        if error is not None:
            self.faults.append(str(error))
        what = "found" if error is None else "refused" if isinstance(error, Refused) else "lost"
        label = f"{name}_{what}"
        if label in self._catalogue:
            self._fan_out.send(loop.health(label, self.clock(), self._catalogue), but=name)
