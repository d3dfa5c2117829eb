"""Nothing leaves the device unasked, not even that OpenVINO is in use."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import cast


def keep_quiet() -> None:
    """Call before OpenVINO is imported: it then runs as if its telemetry were not installed.

    OpenVINO's Python package (2023 and newer) otherwise writes an identity file to ~/intel and
    reports every import to a web service, unless each user opts out.
    """
    modules = cast("dict[str, ModuleType | None]", sys.modules)
    modules.setdefault("openvino_telemetry", None)
