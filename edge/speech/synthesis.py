"""Text to speech that can neither hang nor fall silent unnoticed."""

from __future__ import annotations

import logging
import tempfile
import threading
from collections import OrderedDict
from pathlib import Path

from edge.cues.language import LANGUAGES, SOURCE
from edge.errors import SpeechError
from edge.settings import SpeechSettings
from edge.speech.phrase import Phrase, read_wav
from edge.speech.voice_client import VoiceClient, VoiceLost

log = logging.getLogger(__name__)

KEPT_PHRASES = 256
"""Phrases kept once spoken; the vocabulary of cues is smaller, and one takes about 50 kB."""


class Synthesiser:
    """Makes phrases with pyttsx3 in a process of its own, which starts with the first one.

    Where settings.voice is empty it speaks English. May be used from several threads; they wait for
    one another.
    """

    def __init__(self, settings: SpeechSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Phrase] = OrderedDict()
        self._folder = tempfile.TemporaryDirectory(prefix="facecue-voice-")
        self._client: VoiceClient | None = None
        self._closed = False

    def phrase(self, text: str) -> Phrase:
        """The text as speech, without silence before and after.

        A process that died or hangs (longer than speech.timeout_seconds) is replaced once. Raises
        SpeechError when there is no voice, the voice is unknown, or no sound came of the text.
        """
        with self._lock:
            if self._closed:
                raise SpeechError("the voice is closed; nothing more can be said")
            if text in self._kept:
                self._kept.move_to_end(text)
                return self._kept[text]
            if not text.strip():
                raise SpeechError(f"the voice made no sound for {text!r}; give it words")
            phrase = self._spoken(text)
            self._kept[text] = phrase
            if len(self._kept) > KEPT_PHRASES:
                self._kept.popitem(last=False)
            return phrase

    def close(self) -> None:
        """End the process and remove its files; may be called again."""
        with self._lock:
            self._closed = True
            self._kept.clear()
            if self._client is not None:
                self._client.close()
                self._client = None
            self._folder.cleanup()

    def _spoken(self, text: str) -> Phrase:
        try:
            path = self._ask(text)
        except VoiceLost as error:
            log.warning("%s; a new one is started", error)
            path = self._ask(text)
        try:
            phrase = read_wav(path)
        finally:
            path.unlink()
        if phrase.silent:
            raise SpeechError(f"the voice made no sound for {text!r}; give it words, or another voice")
        # Volume is ours rather than pyttsx3's, so that a voice turned down is not taken for a silent one.
        return phrase.trimmed().scaled(self._settings.volume)

    def _ask(self, text: str) -> Path:
        settings = self._settings
        if self._client is None:
            folder = Path(self._folder.name)
            voice = settings.voice or LANGUAGES[SOURCE]
            self._client = VoiceClient(voice, settings.rate_words_per_minute, folder)
        try:
            return self._client.wav(text, settings.timeout_seconds)
        except VoiceLost:
            self._client.kill()
            self._client = None
            raise
