"""OpenVINO 2021.4: `openvino.inference_engine`, the last one whose wheel drives a Neural Compute Stick."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edge.backends import reasons
from edge.backends.checked import DEADLINE_SECONDS, CheckedBackend
from edge.backends.reasons import STICK
from edge.backends.telemetry import keep_quiet
from edge.errors import BackendError
from edge.model_folder import ModelFolder

ADVICE = "set it up anew with scripts/install-runtime 2021"
ANSWERED = 0
NOT_YET = -9
"""What InferRequest.wait gives: inference_engine::StatusCode OK and RESULT_NOT_READY."""


class OpenVino2021Backend(CheckedBackend):
    """A net loaded by the Inference Engine of OpenVINO 2021.4, asked asynchronously.

    device: a name it lists, or MYRIAD, which it lists only while the stick waits to be started; or
    "auto": a stick if one is listed, else the processor. A device that is named is never replaced.
    threads: 0 lets it choose. Raises BackendError with one sentence; without a stick that takes
    five seconds.
    """

    def __init__(self, folder: ModelFolder, device: str = "auto", threads: int = 0) -> None:
        engine, available = self._start()
        if device == "auto":
            device = next((d for d in available if d.startswith(STICK)), "CPU")
        elif not device.startswith(STICK) and device.split(".")[0] not in {
            d.split(".")[0] for d in available
        }:
            raise reasons.not_there(device, available)
        super().__init__(folder)
        self.device = device
        options = {}
        if device.startswith(STICK):
            # The second stream would make every answer wait for another.
            options["MYRIAD_THROUGHPUT_STREAMS"] = "1"
        elif device == "CPU" and threads:
            options["CPU_THREADS_NUM"] = str(threads)
        files = [str(folder.path / name) for name in folder.artefact.files]
        try:
            network = engine.read_network(*files)
            self._input, self._output = folder.card.input, folder.card.output
            takes = self._shape(network.input_info, self._input, "input_data")
            gives = self._shape(network.outputs, self._output)
            self._compare(takes, gives)
            self._loaded = engine.load_network(network, device, options, num_requests=1)
            self._request = self._loaded.requests[0]
            self.description = self._words(engine, device)
        except BackendError:
            raise
        # Its bindings raise bare Exception where a file is not there.
        except Exception as error:
            raise reasons.cannot_load(device, folder.network, error) from error

    @classmethod
    def devices(cls) -> list[str]:
        """The devices that OpenVINO lists here. Raises BackendError if it cannot be loaded."""
        return cls._start()[1]

    @staticmethod
    def _start() -> tuple[Any, list[str]]:
        keep_quiet()
        try:
            from openvino.inference_engine import IECore
        except ImportError as error:
            raise reasons.not_installed("OpenVINO 2021", error, ADVICE) from error
        try:
            engine = IECore()
            return engine, list(engine.available_devices)
        except RuntimeError as error:
            raise reasons.not_installed("OpenVINO 2021", error, ADVICE) from error

    @staticmethod
    def _shape(tensors: Any, name: str, part: str = "") -> tuple[int, ...]:
        if name not in tensors:
            raise RuntimeError(f"it has {', '.join(tensors)} and no {name}")
        tensor = getattr(tensors[name], part) if part else tensors[name]
        return tuple(tensor.shape)

    @staticmethod
    def _words(engine: Any, device: str) -> str:
        try:
            return str(engine.get_metric(device, "FULL_DEVICE_NAME")).strip()
        except RuntimeError:
            # A stick that runs is no longer among those that can be asked.
            return "Neural Compute Stick" if device.startswith(STICK) else device

    def _answer(self, image: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        try:
            self._request.async_infer({self._input: image})
            status = self._request.wait(round(DEADLINE_SECONDS * 1000))
            answer: npt.NDArray[np.float32] = self._request.output_blobs[self._output].buffer
        except RuntimeError as error:
            raise self._failed(error) from error
        if status == NOT_YET:
            raise self._too_late()
        if status != ANSWERED:
            raise self._failed(RuntimeError(f"status {status}"))
        return answer

    def _release(self) -> None:
        del self._request, self._loaded
