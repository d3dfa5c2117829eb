"""Memory that the parent and the child both see: one picture, one answer."""

from __future__ import annotations

import mmap
import os
import tempfile

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
BYTES = np.dtype(np.float32).itemsize


class Slots:
    """A picture and its answer in memory without a name.

    image: float32 [1, 3, S, S]. answer: float32 [1, K]. descriptor: what the child inherits.
    Memory without a name is the kernel's to clear away: whoever is killed, nothing stays behind,
    and no pixel reaches a disk. (multiprocessing.shared_memory has a name, which stays when both
    are killed, and before Python 3.13 the child's end of it cannot be kept from removing it.)
    """

    def __init__(self, side: int, units: int, descriptor: int = -1) -> None:
        pixels = 3 * side * side
        size = (pixels + units) * BYTES
        self.descriptor = anonymous("facecue-stick", size) if descriptor < 0 else descriptor
        try:
            self._memory = mmap.mmap(self.descriptor, size)
        except (OSError, ValueError):
            os.close(self.descriptor)
            raise
        numbers: Float32 = np.frombuffer(self._memory, np.float32)
        self.image = numbers[:pixels].reshape(1, 3, side, side)
        self.answer = numbers[pixels:].reshape(1, units)

    def close(self) -> None:
        """Let go of it; `image` and `answer` are gone."""
        del self.image, self.answer
        self._memory.close()
        os.close(self.descriptor)


def anonymous(name: str, size: int = 0) -> int:
    """A descriptor of memory that is gone with its last holder. Raises OSError when there is none."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create(name, os.MFD_CLOEXEC)
    else:  # a Python that was built for an old C library
        with tempfile.TemporaryFile(dir="/dev/shm") as file:  # it has no name there
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, size)
    return descriptor
