"""A clip or folder that begins again at its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from edge.sources.base import FrameReader
from edge.types import Frame

PAUSE_SECONDS = 0.04
"""From the last picture to the first of the next round: about as long as one picture."""


class Repeated:
    """Opens the same source anew whenever it ends; indices and captured_at go on.

    open: as open_source(). Ends only where a round holds no picture, or can no longer be opened: what
    opening raises then, reading raises.
    """

    live = False

    def __init__(self, open: Callable[[], FrameReader]) -> None:
        self._open = open
        self._reader = open()
        self.name = self._reader.name
        self.frames_per_second = self._reader.frames_per_second
        self._index = 0
        self._start = 0.0
        self._at = 0.0

    def read(self) -> Frame | None:
        frame = self._reader.read()
        if frame is None and self._index:
            self._reader.close()
            self._reader = self._open()
            self._start = self._at + PAUSE_SECONDS
            frame = self._reader.read()
        if frame is None:
            return None
        self._at = self._start + frame.captured_at
        frame = replace(frame, index=self._index, captured_at=self._at)
        self._index += 1
        return frame

    def close(self) -> None:
        self._reader.close()
