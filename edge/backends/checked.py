"""What every backend that loads a network itself has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import numpy.typing as npt

from edge.backends.reasons import reason
from edge.errors import BackendError
from edge.model_folder import ModelFolder

Float32 = npt.NDArray[np.float32]
Shape = tuple[int, ...]
DEADLINE_SECONDS = 10.0
"""A device that has not answered by then hangs: the slowest net takes two seconds on a Raspberry Pi."""


class CheckedBackend(ABC):
    """A loaded net that is asked with the right shape or not at all.

    OpenVINO 2021 answers a picture of a wrong shape as if it were right, and one of a wrong shape
    can take 2022's whole process down: so the shape is looked at before a runtime sees it. A
    subclass sets `device` and `description`, loads, and answers in `_answer`.
    """

    device = ""
    description = ""

    def __init__(self, folder: ModelFolder) -> None:
        side = folder.card.image_size
        self._network = folder.network
        self._takes: Shape = (1, 3, side, side)
        self._gives: Shape = (1, len(folder.card.action_units))
        self._open = True

    def infer(self, image: Float32) -> Float32:
        if not self._open:
            raise BackendError(f"the net on {self.device} was closed: open it again before it is asked")
        if image.shape != self._takes:
            raise BackendError(
                f"the net on {self.device} takes a picture of the shape {self._takes}, not "
                f"{image.shape}: prepare it with edge.preprocess.net_input"
            )
        answer = self._answer(np.ascontiguousarray(image, dtype=np.float32))
        # A runtime's own memory is written over by its next answer.
        return np.array(answer, dtype=np.float32)

    def close(self) -> None:
        if self._open:
            self._open = False
            self._release()

    def _compare(self, takes: Shape, gives: Shape) -> None:
        """Hold the network's shapes against the card's. Raises BackendError."""
        if (takes, gives) != (self._takes, self._gives):
            raise BackendError(
                f"{self._network} takes {takes} and gives {gives}; "
                f"its card says {self._takes} and {self._gives}: install the model again"
            )

    def _too_late(self) -> BackendError:
        return BackendError(
            f"{self.device} has not answered for {DEADLINE_SECONDS:.0f} seconds: start facecue again, "
            "and if it is a stick, unplug it and plug it in again first"
        )

    def _failed(self, error: Exception) -> BackendError:
        return BackendError(
            f"{self.device} failed while running ({reason(error)}): start facecue again, "
            "and if it is a stick, unplug it and plug it in again first"
        )

    @abstractmethod
    def _answer(self, image: Float32) -> npt.NDArray[np.float32]:
        """Ask the runtime, with a picture of the right shape. Raises BackendError."""

    @abstractmethod
    def _release(self) -> None:
        """Let go of all that the runtime gave."""
