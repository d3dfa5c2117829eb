"""What every source of frames offers."""

from __future__ import annotations

from typing import Protocol

from edge.types import Frame


class FrameReader(Protocol):
    """Hands out frames one after the other, as fast as it is asked; opened when it is made.

    live: whether pictures come on their own time (camera, stream), so that a slow reader falls
    behind; put a Grabber in front of those. name: for people; holds no password.
    frames_per_second: what the source declares, None where it declares nothing believable.
    """

    live: bool
    name: str
    frames_per_second: float | None

    def read(self) -> Frame | None:
        """The next frame; None at the end of a clip or folder, or when a live source failed."""

    def close(self) -> None:
        """Give the device, file or connection back. May be called twice."""
