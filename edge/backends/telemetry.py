"""Nothing leaves the device unasked, not even that a runtime is in use."""

from __future__ import annotations

import os
import sys
from types import ModuleType
from typing import cast

ONNX_RUNTIME_SWITCH = "ORT_DISABLE_TELEMETRY"


def keep_quiet() -> None:
    """Call before OpenVINO or ONNX Runtime is imported: it then runs without its telemetry.

    OpenVINO's Python package (2023 and newer) otherwise writes an identity file to ~/intel and
    reports every import to a web service, unless each user opts out: to it, its telemetry is now not
    installed. ONNX Runtime (1.31) writes an identity file and a store of events to send to
    ~/.cache/Microsoft as soon as it is imported, before its own function to switch that off can be
    called: it looks at the environment.
    """
    modules = cast("dict[str, ModuleType | None]", sys.modules)
    modules.setdefault("openvino_telemetry", None)
    os.environ[ONNX_RUNTIME_SWITCH] = "1"
