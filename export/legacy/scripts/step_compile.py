"""An IR through the Myriad X compiler, with no stick needed.

The plugin compiles for a named platform before it looks for a stick; the cache keeps the blob.
"""

from __future__ import annotations

import ctypes
import importlib.util
from contextlib import suppress
from pathlib import Path
from typing import Any

from openvino.inference_engine import IECore

PLATFORM = {"VPU_MYRIAD_PLATFORM": "VPU_MYRIAD_2480"}
SYSTEMS = "libusb-1.0.so.0"


def main(request: dict[str, str]) -> dict[str, Any]:
    """xml: the net. cache: an empty folder. blob: where the blob goes, if there is one.

    Answers "raised", the plugin's words or None, and "compiled", whether there is a blob.
    """
    _bring_libusb()
    cache = Path(request["cache"])
    core = IECore()
    core.set_config({"CACHE_DIR": str(cache)}, "")
    raised: str | None = None
    try:
        core.load_network(core.read_network(request["xml"]), "MYRIAD", PLATFORM)
    except RuntimeError as error:
        raised = str(error)
    found = list(cache.glob("*.blob"))
    if len(found) == 1:
        # One line of XML about the cache stands before the blob.
        Path(request["blob"]).write_bytes(found[0].read_bytes().partition(b"\n")[2])
    return {"raised": raised, "compiled": len(found) == 1}


def _bring_libusb() -> None:
    """The system's libusb, else a package's: the plugin takes whichever is loaded."""
    try:
        ctypes.CDLL(SYSTEMS, ctypes.RTLD_GLOBAL)
    except OSError:
        package = importlib.util.find_spec("libusb_package")
        if package is not None and package.origin is not None:
            # Where that does not load either, the plugin says so.
            with suppress(OSError):
                ctypes.CDLL(str(Path(package.origin).with_name("libusb-1.0.so")), ctypes.RTLD_GLOBAL)
