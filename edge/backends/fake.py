"""The fake runtime: the answers of a real one, on a processor and on a stick that is not there."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge.backends import reasons, runtimes
from edge.backends.checked import CheckedBackend
from edge.backends.fake_stick import FakeStick
from edge.backends.reasons import STICK
from edge.errors import BackendError
from edge.model_folder import ModelFolder

PROCESSOR = "CPU"


class FakeBackend(CheckedBackend):
    """A net that a real runtime answers on the processor, whatever the device is called.

    device: "CPU", "MYRIAD", or "auto": the stick if it is there. The stick misbehaves as
    FACECUE_FAKE_STICK says (edge.backends.fake_stick). Raises BackendError with the words that a
    real stick's driver has.
    """

    def __init__(self, folder: ModelFolder, device: str = "auto", threads: int = 0) -> None:
        if device == "auto":
            device = self.devices()[-1]
        elif device not in (PROCESSOR, STICK):
            raise reasons.not_there(device, self.devices())
        super().__init__(folder)
        self.device = device
        self._stick = FakeStick.of_environment() if device == STICK else None
        if self._stick is not None:
            try:
                self._stick.boot()
            except RuntimeError as error:
                raise reasons.cannot_load(device, folder.network, error) from error
        readers = [r for r in runtimes.candidates() if folder.precision in r.accepted(PROCESSOR)]
        if not readers:
            raise BackendError(
                f"no runtime here reads the {folder.precision} network of {folder.path}, "
                "which the fake needs: set model.precision to auto"
            )
        self._real = readers[0].open(folder, PROCESSOR, threads)
        self.description = f"fake {'stick' if self._stick else 'processor'}, {self._real.description}"

    @staticmethod
    def devices() -> list[str]:
        """The processor, and the stick while it is there."""
        return [PROCESSOR, STICK] if FakeStick.of_environment().listed else [PROCESSOR]

    def _answer(self, image: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        right = self._real.infer(image)
        if self._stick is None:
            return right
        try:
            return self._stick.answer(right)
        except RuntimeError as error:
            raise self._failed(error) from error

    def _release(self) -> None:
        self._real.close()
        if self._stick is not None:
            self._stick.leave()
