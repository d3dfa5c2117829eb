"""Making the phrases of the catalogue ready behind the scenes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from edge.errors import SpeechError
from edge.speech.control import SpeechControl, VoiceState
from edge.speech.speaker import Speaker
from edge.speech.voice_client import CutShort

log = logging.getLogger(__name__)

BREATH_SECONDS = 0.002
"""Between two phrases, so that a cue that is waiting for the engine comes in between."""
JOIN_SECONDS = 5.0


class Preparation:
    """A thread that prepares texts in their order, and again whenever the voice or its rate has changed.

    What fails is left for whoever says the text to report.
    """

    def __init__(self, speaker: Speaker, texts: Sequence[str], control: SpeechControl) -> None:
        self._speaker = speaker
        self._texts = list(texts)
        self._control = control
        self._sound = _sound(control.state)
        self._stop = threading.Event()
        self._changed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="speech-preparation", daemon=True)
        control.on_change(self._on_change)
        self._thread.start()

    def close(self) -> None:
        """Stop. Raises RuntimeError if it hangs."""
        self._control.forget(self._on_change)
        self._stop.set()
        self._changed.set()
        self._thread.join(JOIN_SECONDS)
        if self._thread.is_alive():
            raise RuntimeError(f"the phrases' preparation did not stop within {JOIN_SECONDS:.0f} s")

    def _on_change(self, state: VoiceState) -> None:
        if _sound(state) != self._sound:
            self._sound = _sound(state)
            self._changed.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._changed.clear()
            try:
                for text in self._texts:
                    self._speaker.prepare(text, self._stop)
                    if self._stop.wait(BREATH_SECONDS) or self._changed.is_set():
                        break
            except CutShort:
                return
            except SpeechError as error:
                log.info("phrases cannot be prepared: %s", error)
            self._changed.wait()


def _sound(state: VoiceState) -> tuple[str, int]:
    return state.voice, state.rate_words_per_minute
