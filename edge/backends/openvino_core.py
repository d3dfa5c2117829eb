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

    device: a name OpenVINO lists, or "auto": the processor, or a Neural Compute Stick where this
    runtime lists one (those that facecue installs do not). A device named explicitly is never
    replaced by another. threads: 0 lets the runtime choose. Raises BackendError with one sentence
    if the device is not there or refuses the net.
    """

    def __init__(self, folder: ModelFolder, device: str = "auto", threads: int = 0) -> None:
        keep_quiet()
        try:
            import openvino
        except ImportError as error:
            raise BackendError(f"OpenVINO cannot be loaded ({error}): install facecue again") from error
        try:
            core = openvino.Core()
            available = list(core.available_devices)
        except RuntimeError as error:
            raise BackendError(f"OpenVINO cannot start ({_reason(error)}): install facecue again") from error
        if device == "auto":
            device = next((d for d in available if d.startswith(STICK)), "CPU")
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
            self._output = self._compiled.output(folder.card.output)
            shapes = tuple(self._compiled.input(folder.card.input).shape), tuple(self._output.shape)
            self._request = self._compiled.create_infer_request()
            self.description = str(core.get_property(device, "FULL_DEVICE_NAME")).strip()
        except RuntimeError as error:
            raise BackendError(f"{device} cannot load {folder.network} ({_reason(error)})") from error
        side = folder.card.image_size
        wanted = (1, 3, side, side), (1, len(folder.card.action_units))
        if shapes != wanted:
            raise BackendError(
                f"{folder.network} takes {shapes[0]} and gives {shapes[1]}; "
                f"its card says {wanted[0]} and {wanted[1]}"
            )
        self._input = folder.card.input
        self.device = device

    @staticmethod
    def devices() -> list[str]:
        """The devices that OpenVINO lists here. Raises BackendError if it cannot be loaded."""
        keep_quiet()
        try:
            import openvino

            return list(openvino.Core().available_devices)
        except (ImportError, RuntimeError) as error:
            raise BackendError(f"OpenVINO cannot be loaded ({error}): install facecue again") from error

    def infer(self, image: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        try:
            self._request.infer({self._input: image})
            return np.array(self._request.get_tensor(self._output).data, dtype=np.float32)
        except RuntimeError as error:
            raise BackendError(f"{self.device} failed while running ({_reason(error)})") from error

    def close(self) -> None:
        del self._request, self._output, self._compiled


def _reason(error: RuntimeError) -> str:
    """OpenVINO's own words: the last of its lines, those before it name places in its source."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else "it does not say why"
