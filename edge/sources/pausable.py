"""A live source that its user may close for a while."""

from __future__ import annotations

from collections.abc import Callable

from edge.sources.grabber import Grabber
from edge.types import Frame


class Pausable:
    """The frames of a grabber; while paused there is none, so that nothing can take a picture.

    open: makes another grabber, which opens the source on its own thread. grabber: the first one.
    """

    ended = False

    def __init__(self, open: Callable[[], Grabber], grabber: Grabber) -> None:
        self._open = open
        self._grabber: Grabber | None = grabber

    @property
    def lost(self) -> bool:
        return self._grabber is not None and self._grabber.lost

    @property
    def stuck_seconds(self) -> float:
        """As of the grabber; 0 while paused."""
        return self._grabber.stuck_seconds if self._grabber is not None else 0.0

    def latest(self, timeout_seconds: float) -> Frame | None:
        """The newest frame; None if none comes within the time, and at once while paused."""
        return self._grabber.latest(timeout_seconds) if self._grabber is not None else None

    def pause(self) -> bool:
        """Close the source; False if it hangs, and may be open until it does not."""
        grabber, self._grabber = self._grabber, None
        return grabber is None or grabber.close()

    def resume(self) -> None:
        """Open the source again; returns at once."""
        if self._grabber is None:
            self._grabber = self._open()

    def reopen(self, open: Callable[[], Grabber]) -> None:
        """From now on the source is another, or opened differently; one that is paused stays so."""
        self._open = open
        if self._grabber is not None:
            self.pause()
            self.resume()

    def close(self) -> None:
        """Close the source; may be called again."""
        self.pause()
