"""What commands act upon, as the small interfaces that steering needs of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Voice(Protocol):
    """The speech, as far as commands change it, with immediate effect: edge.speech.control.SpeechControl.

    Units as in SpeechSettings. While muted, only cues of the kind "answer" are said.
    """

    rate_words_per_minute: int
    volume: float
    muted: bool


class Reader(Protocol):
    """What decides on cues: edge.pipeline.Pipeline."""

    def set_levels(self, levels: Sequence[str]) -> None:
        """As in cues.levels. Raises ModelError where the net does not know what they need."""

    def set_verbosity(self, verbosity: str) -> None:
        """One of edge.control.commands.VERBOSITIES."""

    def reset_neutral(self) -> None:
        """Forget every resting face, to be learned anew."""


class Camera(Protocol):
    """A source that can be closed for a while."""

    def pause(self) -> bool:
        """Close it; False where it hangs and may still be open."""

    def resume(self) -> None:
        """Open it again; returns at once, and what fails then is a lost source."""
