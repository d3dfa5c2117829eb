"""OpenVINO 2022: `openvino.runtime.Core`."""

from __future__ import annotations

from typing import Any

from edge.backends.openvino_core import OpenVinoBackend


class OpenVino2022Backend(OpenVinoBackend):
    """A net compiled by OpenVINO 2022, whose API is that of the newer ones in another place.

    Its archives of 2022.3.1 and 2022.3.2 drive a Neural Compute Stick, its wheels do not.
    """

    drives_stick = True

    @staticmethod
    def _core() -> Any:
        from openvino.runtime import Core

        return Core
