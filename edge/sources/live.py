"""What a camera here and one in the network have in common once they are open."""

from __future__ import annotations

import time

from edge.sources.capture import Capture
from edge.types import Frame


class LiveReader:
    """Reads pictures as they come; subclasses open `_capture`.

    captured_at: time.monotonic() when the picture had arrived.
    """

    live = True
    _capture: Capture
    _index = 0

    def read(self) -> Frame | None:
        """The next picture; None when the source ended, failed or was silent for too long."""
        image = self._capture.image()
        if image is None:
            return None
        frame = Frame(image, self._index, time.monotonic())
        self._index += 1
        return frame

    def close(self) -> None:
        self._capture.close()
