"""The spoken way out of the pipeline."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from edge import earcons
from edge.speech.control import SpeechControl, VoiceState
from edge.speech.preparation import Preparation
from edge.speech.speaker import Speaker
from edge.types import Cue, Priority

HEARD_WHILE_MUTED = ("answer",)
"""Kinds of cues that are said all the same: whoever asks wants to hear."""


class SpeechSink:
    """Says cues, one at a time; an edge.sinks.Sink. Owns the speaker.

    control: how it speaks; None leaves it as it is by default. sounds: the earcons that are switched on.
    rests: whether it keeps speech.pause_seconds between cues; a replay, whose clock stands still
    meanwhile, does not.
    """

    name = "speech"

    def __init__(
        self,
        speaker: Speaker,
        control: SpeechControl | None = None,
        sounds: Sequence[str] = (),
        rests: bool = True,
    ) -> None:
        self._speaker = speaker
        self._control = control or SpeechControl()
        self._sounds = sounds
        self._rests = rests
        self._preparation: Preparation | None = None
        self._cut = threading.Event()
        self._lock = threading.Lock()
        self._saying: Cue | None = None
        self._ended_at = -float("inf")
        self._control.on_change(self._on_change)

    def prepare(self, texts: Sequence[str]) -> None:
        """Make ready what is going to be said, so that a fault shows now. Raises SpeechError."""
        for text in texts:
            self._speaker.prepare(text, threading.Event())

    def keep_prepared(self, texts: Sequence[str]) -> None:
        """The same in the background, and again after every change of the voice."""
        self._preparation = Preparation(self._speaker, texts, self._control)

    def deliver(self, cue: Cue) -> None:
        """Say the cue; returns when it is said or interrupted. Raises SpeechError.

        An interrupt that came since the last delivery counts for this one too, unless it is urgent: what is
        interrupted is what an urgent cue found in its way, be it about to begin.
        """
        with self._lock:
            if cue.priority is Priority.NOW:
                self._cut.clear()
            self._saying = cue
        try:
            if cue.priority is not Priority.NOW:
                self._rest()
            if not self._cut.is_set() and not self._silenced(cue, self._control.state):
                earcon = earcons.of_cue(cue, self._sounds)
                self._speaker.say(cue.text, earcon, cue.priority is Priority.NOW, self._cut)
                self._ended_at = time.monotonic()
        finally:
            with self._lock:
                self._saying = None
                self._cut.clear()

    def interrupt(self) -> None:
        """Stop the cue being said."""
        self._cut.set()

    def close(self) -> None:
        """End the voice and the sound output."""
        self._control.forget(self._on_change)
        try:
            if self._preparation is not None:
                self._preparation.close()
        finally:
            self._speaker.close()

    def _rest(self) -> None:
        if not self._rests:
            return
        left = self._ended_at + self._control.pause_seconds - time.monotonic()
        if left > 0:
            self._cut.wait(left)

    def _on_change(self, state: VoiceState) -> None:
        with self._lock:
            if self._saying is not None and self._silenced(self._saying, state):
                self._cut.set()

    def _silenced(self, cue: Cue, state: VoiceState) -> bool:
        return state.muted and cue.kind not in HEARD_WHILE_MUTED
