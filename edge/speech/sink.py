"""The spoken way out of the pipeline."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from edge.speech.players import Player
from edge.speech.synthesis import Synthesiser
from edge.types import Cue


class SpeechSink:
    """Says cues, one at a time; an edge.sinks.Sink. Owns the synthesiser and the player."""

    name = "speech"

    def __init__(self, synthesiser: Synthesiser, player: Player) -> None:
        self._synthesiser = synthesiser
        self._player = player
        self._cut = threading.Event()

    def prepare(self, texts: Iterable[str]) -> None:
        """Synthesise what is going to be said, so that it can start at once and a fault shows now."""
        for text in texts:
            self._synthesiser.phrase(text)

    def deliver(self, cue: Cue) -> None:
        """Say the cue; returns when it is said or interrupted. Raises SpeechError."""
        self._cut.clear()
        phrase = self._synthesiser.phrase(cue.text)
        if not self._cut.is_set():
            self._player.play(phrase, self._cut)

    def interrupt(self) -> None:
        """Stop the cue being said."""
        self._cut.set()

    def close(self) -> None:
        """End the voice and the sound output."""
        try:
            self._player.close()
        finally:
            self._synthesiser.close()
