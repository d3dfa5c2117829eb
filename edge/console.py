"""Cues as lines of text."""

from __future__ import annotations

from typing import TextIO

from edge.types import Cue


class ConsoleSink:
    """Writes `  12.3 s  smiling` for every cue."""

    name = "console"

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def deliver(self, cue: Cue) -> None:
        self._stream.write(f"{cue.created_at:8.1f} s  {cue.text}\n")
        self._stream.flush()

    def interrupt(self) -> None:
        """A line is written in no time; there is nothing to cut short."""

    def close(self) -> None:
        """The stream belongs to the caller."""
