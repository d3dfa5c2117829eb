"""OpenVINO 2023 and newer: `openvino.Core`."""

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


class OpenVinoBackend(CheckedBackend):
    """A net compiled by the installed OpenVINO runtime.

    device: a name OpenVINO lists, or "auto": the processor, or a Neural Compute Stick where this
    runtime lists one (those that facecue installs do not). A device named explicitly is never
    replaced by another. threads: 0 lets the runtime choose. Raises BackendError with one sentence
    if the device is not there or refuses the net.
    """

    drives_stick = False

    def __init__(self, folder: ModelFolder, device: str = "auto", threads: int = 0) -> None:
        core, available = self._start()
        if device == "auto":
            device = next((d for d in available if d.startswith(STICK)), "CPU")
        elif device.split(".")[0] not in {d.split(".")[0] for d in available} and not (
            # A stick that runs already, or is just starting, is not listed: opening it tells.
            self.drives_stick and device.startswith(STICK)
        ):
            raise reasons.not_there(device, available)
        super().__init__(folder)
        self.device = device
        options: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
        if device == "CPU" and threads:
            options["INFERENCE_NUM_THREADS"] = threads
        files = [str(folder.path / name) for name in folder.artefact.files]
        try:
            self._compiled = core.compile_model(core.read_model(*files), device, options)
            self._output = self._compiled.output(folder.card.output)
            shapes = tuple(self._compiled.input(folder.card.input).shape), tuple(self._output.shape)
            self._request = self._compiled.create_infer_request()
            self.description = str(core.get_property(device, "FULL_DEVICE_NAME")).strip()
        except RuntimeError as error:
            raise reasons.cannot_load(device, folder.network, error) from error
        self._compare(*shapes)
        self._input = folder.card.input

    @classmethod
    def devices(cls) -> list[str]:
        """The devices that OpenVINO lists here. Raises BackendError if it cannot be loaded."""
        return cls._start()[1]

    @classmethod
    def _start(cls) -> tuple[Any, list[str]]:
        """A core and its devices. Raises BackendError."""
        keep_quiet()
        try:
            make = cls._core()
        except (ImportError, AttributeError) as error:
            raise reasons.not_installed("OpenVINO", error, "install facecue again") from error
        try:
            core = make()
            return core, list(core.available_devices)
        except RuntimeError as error:
            raise BackendError(
                f"OpenVINO cannot start ({reasons.reason(error)}): install facecue again"
            ) from error

    @staticmethod
    def _core() -> Any:
        import openvino

        return openvino.Core

    def _answer(self, image: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        try:
            self._request.start_async({self._input: image})
            answered = self._request.wait_for(round(DEADLINE_SECONDS * 1000))
            answer: npt.NDArray[np.float32] = self._request.get_tensor(self._output).data
        except RuntimeError as error:
            raise self._failed(error) from error
        if not answered:
            raise self._too_late()
        return answer

    def _release(self) -> None:
        del self._request, self._output, self._compiled
