"""What an engine is, and which ones there are."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from edge.errors import SpeechError

ESPEAK, PIPER, DISPATCHER = "espeak", "piper", "speech-dispatcher"
"""Names in speech.engine; any other is pyttsx3. What speaks through Speech Dispatcher is no Engine: it plays
what it speaks itself (edge.speech.dispatcher)."""


class Engine(Protocol):
    """Turns text into a WAV file; lives in the voice's process and on its one thread."""

    library: str
    """Where its voice comes from, in a word or two."""

    def save(self, text: str, path: Path, voice: str, words_per_minute: int) -> None:
        """Write the text as speech. Raises UnknownVoice, or SpeechError."""


class UnknownVoice(SpeechError):
    """The engine works but has no voice of that name."""
