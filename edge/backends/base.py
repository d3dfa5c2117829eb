"""What every backend does."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt


class Backend(Protocol):
    """One loaded net on one device. Not thread-safe: one loop owns it.

    device: what really runs it, as OpenVINO names it ("CPU", "GPU"). description: the same in words.
    """

    device: str
    description: str

    def infer(self, image: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """float32 [1, 3, S, S] -> float32 [1, K]. Raises BackendError if the device fails."""

    def close(self) -> None:
        """Give the device up."""
