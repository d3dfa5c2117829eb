"""pyttsx3, which is the default: it brings its own way to espeak-ng."""

from __future__ import annotations

import time
from pathlib import Path

import pyttsx3

from edge.errors import SpeechError
from edge.speech.engines.voice_names import VoiceNames
from edge.speech.espeak_library import provide_espeak

ATTEMPTS = 3
RATE_SECONDS = 1.0


class Pyttsx3Engine:
    """Writes WAV files with pyttsx3. Raises SpeechError when espeak-ng is missing."""

    def __init__(self) -> None:
        self._espeak, self.library = provide_espeak()
        try:
            self._engine = pyttsx3.init()
        except (RuntimeError, OSError) as error:
            raise SpeechError(f"espeak-ng does not start ({error}); reinstall espeak-ng") from error
        self._finished: list[bool] = []
        self._faults: list[Exception] = []
        self._engine.connect("finished-utterance", lambda completed, **_: self._finished.append(completed))
        self._engine.connect("error", lambda exception, **_: self._faults.append(exception))
        # A new engine counts as busy: it would only note down what it is told and not wait for its
        # first phrase. One empty round ends that.
        self._engine.runAndWait()
        voices = self._engine.getProperty("voices")
        self._names = VoiceNames((voice.name, list(voice.languages), voice.id) for voice in voices)
        self._voice = ""
        self._rate = 0

    def save(self, text: str, path: Path, voice: str, words_per_minute: int) -> None:
        """Write the text as speech. Raises UnknownVoice, or SpeechError."""
        self._set(voice, words_per_minute)
        for _ in range(ATTEMPTS):
            self._settle()
            self._finished.clear()
            self._engine.save_to_file(text, str(path))
            self._engine.runAndWait()
            # One broken off is reported as not completed, perhaps after it was reported as completed.
            if self._finished == [True] and path.exists():
                return
            self._set_rate(words_per_minute)
        raise SpeechError(f"pyttsx3 broke off {text!r} {ATTEMPTS} times; try again")

    def _set(self, voice: str, words_per_minute: int) -> None:
        if voice != self._voice:
            self._settle()
            file = self._names.file(voice)
            self._voice = ""
            self._faults.clear()
            self._engine.setProperty("voice", file)
            # An unknown variant is no error to espeak-ng: it takes the plain voice.
            set_to = self._engine.getProperty("voice") or ""
            if self._faults or ("+" in set_to) != ("+" in file):
                raise self._names.unknown(voice)
            self._voice, self._rate = voice, 0
        if words_per_minute != self._rate:
            self._set_rate(words_per_minute)

    def _set_rate(self, words_per_minute: int) -> None:
        """Set it and see that it is set: espeak-ng's own thread does it later, if nobody cancels that."""
        self._rate = 0
        for _ in range(ATTEMPTS):
            self._settle()
            self._engine.setProperty("rate", words_per_minute)
            deadline = time.monotonic() + RATE_SECONDS
            while time.monotonic() < deadline:
                if self._engine.getProperty("rate") == words_per_minute:
                    self._settle()
                    self._rate = words_per_minute
                    return
                time.sleep(0.001)
        raise SpeechError(f"pyttsx3 does not take the rate {words_per_minute}; try again")

    def _settle(self) -> None:
        """Wait until espeak-ng's own thread is idle.

        pyttsx3 begins every round by cancelling what that thread is at, which may be the end of the last
        phrase, or the change of the rate: a phrase was lost, or all of them were spoken at another rate.
        """
        while self._espeak.espeak_IsPlaying():
            time.sleep(0.001)
