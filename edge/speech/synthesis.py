"""Text to speech that can neither hang nor fall silent unnoticed."""

from __future__ import annotations

import logging
import tempfile
import threading
from collections import OrderedDict
from pathlib import Path

from edge.errors import SpeechError
from edge.settings import SpeechSettings
from edge.speech.control import SpeechControl, VoiceState
from edge.speech.engines.base import UnknownVoice
from edge.speech.phrase import SAMPLE_RATE, Phrase, read_wav
from edge.speech.voice_client import CutShort, VoiceClient, VoiceLost

log = logging.getLogger(__name__)

KEPT_PHRASES = 256
"""Phrases kept once spoken; the vocabulary of cues is smaller, and one takes about 50 kB."""
POLL_SECONDS = 0.01

Kept = tuple[str, str, int]
"""Text, voice, rate."""


class Synthesiser:
    """Makes phrases with the engine of the settings in a process of its own, which starts with the first one.

    control: voice and rate, which count from the next phrase on; the volume is whoever plays the phrase's.
    May be used from several threads: a phrase that is kept is had at once, whatever the others wait for.
    """

    def __init__(self, settings: SpeechSettings, control: SpeechControl | None = None) -> None:
        self._settings = settings
        self._control = control or SpeechControl.of(settings)
        self._store = threading.Lock()
        self._kept: OrderedDict[Kept, Phrase] = OrderedDict()
        self._at_work = threading.Lock()
        self._folder = tempfile.TemporaryDirectory(prefix="facecue-voice-")
        self._client: VoiceClient | None = None
        self._worked: VoiceState | None = None
        self._closed = threading.Event()

    def phrase(self, text: str, cut: threading.Event | None = None) -> Phrase:
        """The text as speech at 22,050 samples a second, without silence before and after.

        A process that died or hangs (longer than speech.timeout_seconds) is replaced once. A voice that
        is not there is given up for the last one that was. Raises SpeechError when there is no voice, the
        voice is unknown, or no sound came of the text, and CutShort when `cut` is set meanwhile.
        """
        cut = cut or threading.Event()
        state = self._control.state
        if (found := self._find(text, state)) is not None:
            return found
        if not text.strip():
            raise SpeechError(f"the voice made no sound for {text!r}; give it words")
        self._wait_for_turn(cut)
        try:
            state = self._control.state
            if (found := self._find(text, state)) is not None:
                return found
            try:
                made = self._spoken(text, state, cut)
            except UnknownVoice as error:
                if self._worked is None or self._worked.voice == state.voice:
                    raise
                log.warning("%s; the voice stays %s", error, self._worked.voice)
                self._control.restore(state, self._worked)
                state = self._control.state
                made = self._spoken(text, state, cut)
            self._worked = state
        finally:
            self._at_work.release()
        self._keep(text, state, made)
        return made

    def close(self) -> None:
        """End the process and remove its files; may be called again."""
        self._closed.set()
        with self._at_work:
            with self._store:
                self._kept.clear()
            if self._client is not None:
                self._client.close()
                self._client = None
            self._folder.cleanup()

    def _find(self, text: str, state: VoiceState) -> Phrase | None:
        if self._closed.is_set():
            raise SpeechError("the voice is closed; nothing more can be said")
        key = (text, state.voice, state.rate_words_per_minute)
        with self._store:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _keep(self, text: str, state: VoiceState, phrase: Phrase) -> None:
        with self._store:
            self._kept[text, state.voice, state.rate_words_per_minute] = phrase
            if len(self._kept) > KEPT_PHRASES:
                self._kept.popitem(last=False)

    def _wait_for_turn(self, cut: threading.Event) -> None:
        while not self._at_work.acquire(timeout=POLL_SECONDS):
            if cut.is_set():
                raise CutShort

    def _spoken(self, text: str, state: VoiceState, cut: threading.Event) -> Phrase:
        try:
            path = self._ask(text, state, cut)
        except VoiceLost as error:
            log.warning("%s; a new one is started", error)
            path = self._ask(text, state, cut)
        try:
            phrase = read_wav(path)
        finally:
            path.unlink()
        if phrase.silent:
            raise SpeechError(f"the voice made no sound for {text!r}; give it words, or another voice")
        return phrase.trimmed().resampled(SAMPLE_RATE)

    def _ask(self, text: str, state: VoiceState, cut: threading.Event) -> Path:
        settings = self._settings
        if self._client is None:
            self._client = VoiceClient(settings.engine, settings.voice_file, Path(self._folder.name))
            try:
                # Not to be cut short by a cue: it would only have to be started again.
                log.debug("the voice's library is that of %s", self._client.ready(self._closed.is_set))
            except BaseException:
                self._drop()
                raise
        try:
            return self._client.wav(
                text, state, settings.timeout_seconds, lambda: cut.is_set() or self._closed.is_set()
            )
        except VoiceLost:
            self._drop()
            raise

    def _drop(self) -> None:
        if self._client is not None:
            self._client.kill()
            self._client = None
