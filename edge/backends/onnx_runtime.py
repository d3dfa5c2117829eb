"""ONNX Runtime, for machines that no OpenVINO is built for."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edge.backends import reasons
from edge.backends.checked import CheckedBackend
from edge.backends.telemetry import keep_quiet
from edge.model_folder import ModelFolder

ADVICE = "install it with pip install onnxruntime"
PROVIDER = "ExecutionProvider"
PROCESSOR = "CPU"


class OnnxBackend(CheckedBackend):
    """A net run by ONNX Runtime on the processor.

    device: "CPU" or "auto". threads: 0 lets the runtime choose. Raises BackendError with one
    sentence if the device is another or the network is refused.
    """

    def __init__(self, folder: ModelFolder, device: str = "auto", threads: int = 0) -> None:
        runtime = self._runtime()
        if device not in ("auto", PROCESSOR):
            raise reasons.not_there(device, [PROCESSOR])
        super().__init__(folder)
        self.device = PROCESSOR
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads
        # Its warnings go to standard error, which is the display's.
        options.log_severity_level = 3
        try:
            self._session = runtime.InferenceSession(
                str(folder.network), options, providers=[PROCESSOR + PROVIDER]
            )
            inputs = {each.name: tuple(each.shape) for each in self._session.get_inputs()}
            outputs = {each.name: tuple(each.shape) for each in self._session.get_outputs()}
            self._input, self._output = folder.card.input, folder.card.output
            for name, there in ((self._input, inputs), (self._output, outputs)):
                if name not in there:
                    raise RuntimeError(f"it has {', '.join(there)} and no {name}")
        # Each of its errors has a class of its own, which inherits from no common one.
        except Exception as error:
            raise reasons.cannot_load(PROCESSOR, folder.network, error) from error
        self._compare(inputs[self._input], outputs[self._output])
        self.description = f"the processor, by ONNX Runtime {runtime.__version__}"

    @classmethod
    def devices(cls) -> list[str]:
        """The processor. Raises BackendError if the runtime cannot be loaded."""
        cls._runtime()
        return [PROCESSOR]

    @staticmethod
    def _runtime() -> Any:
        keep_quiet()
        try:
            import onnxruntime
        except ImportError as error:
            raise reasons.not_installed("ONNX Runtime", error, ADVICE) from error
        return onnxruntime

    def _answer(self, image: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        try:
            answers = self._session.run([self._output], {self._input: image})
        except Exception as error:
            raise self._failed(error) from error
        answer: npt.NDArray[np.float32] = answers[0]
        return answer

    def _release(self) -> None:
        del self._session
