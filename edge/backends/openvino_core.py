"""OpenVINO 2023 and newer: `openvino.Core`."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edge.backends.telemetry import keep_quiet
from edge.errors import BackendError
from edge.model_folder import ModelFolder

STICK = "MYRIAD"


class OpenVinoBackend:
    """A net compiled by the installed OpenVINO runtime.

    device: a name OpenVINO lists, or "auto": the stick if this runtime sees one, else the
    processor. A device named explicitly is never replaced by another. threads: 0 lets the runtime
    choose. Raises BackendError with one sentence if the device is not there or refuses the net.
    """

    def __init__(self, folder: ModelFolder, device: str = "auto", threads: int = 0) -> None:
        keep_quiet()
        try:
            import openvino
        except ImportError as error:
            raise BackendError(f"OpenVINO cannot be loaded ({error}): install facecue again") from error
        core = openvino.Core()
        available = list(core.available_devices)
        self.fell_back = ""
        if device == "auto":
            device = next((d for d in available if d.startswith(STICK)), "CPU")
            if device == "CPU":
                self.fell_back = "no Neural Compute Stick is in reach of this OpenVINO"
        elif device.split(".")[0] not in {d.split(".")[0] for d in available}:
            raise BackendError(
                f"the device {device} is not there; this machine has {', '.join(available)}: "
                "set model.device to one of them or to auto"
            )
        options: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
        if device == "CPU" and threads:
            options["INFERENCE_NUM_THREADS"] = threads
        try:
            self._compiled = core.compile_model(
                core.read_model(folder.network, folder.weights), device, options
            )
            shape = tuple(self._compiled.input(folder.card.input).shape)
            self._output = self._compiled.output(folder.card.output)
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            raise BackendError(f"{device} cannot load {folder.network} ({reason})") from error
        side = folder.card.image_size
        wanted = (1, 3, side, side)
        if shape != wanted or tuple(self._output.shape) != (1, len(folder.card.action_units)):
            raise BackendError(
                f"{folder.network} takes {shape} and gives {tuple(self._output.shape)}; "
                f"its card says {wanted} and {(1, len(folder.card.action_units))}"
            )
        self._request = self._compiled.create_infer_request()
        self._input = folder.card.input
        self.device = device
        self.description = str(core.get_property(device, "FULL_DEVICE_NAME")).strip()

    def infer(self, image: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        try:
            self._request.infer({self._input: image})
            return np.array(self._request.get_tensor(self._output).data, dtype=np.float32)
        except RuntimeError as error:
            raise BackendError(f"{self.device} failed while running ({error})") from error

    def close(self) -> None:
        del self._request, self._output, self._compiled
