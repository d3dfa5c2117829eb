"""Whether the installed runtime can drive a stick: its plugin, the stick's program, and libusb."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from edge.checks.finding import Finding, note, right, wrong
from edge.checks.machine import Machine

NAME = "plugin"
PLUGINS = ("libmyriadPlugin.so", "libopenvino_intel_myriad_plugin.so")
"""Of 2021.4 and of the archives of 2022."""
FIRMWARE = "usb-ma2x8x.mvcmd"
LIBUSB = "libusb-1.0.so.0"
LIBRARY_FOLDERS = ("/lib", "/usr/lib", "/usr/local/lib")
BELOW_INTEL = ("runtime/lib/*", "runtime/3rdparty/*/lib", "deployment_tools/inference_engine/lib/*")
MODERN = "OpenVINO 2021.4.2, or Intel's archive of OpenVINO 2022.3.2"
NEWEST_PYTHON_2021 = (3, 9)


def check(machine: Machine, wanted: bool, folders: Sequence[Path] | None = None) -> Finding:
    """wanted: a stick is plugged in or named in the settings. folders: where libraries lie, if known."""
    folders = library_folders() if folders is None else folders
    places = [folder / name for folder in folders for name in PLUGINS if (folder / name).is_file()]
    if not places:
        sentence = "the installed runtime has no plugin for a stick (libmyriadPlugin)"
        if not wanted:
            return note(NAME, f"{sentence}; none is plugged in")
        return wrong(NAME, sentence, _how_to_get(), "this runtime cannot use the stick")
    plugin = places[0]
    if not (plugin.parent / FIRMWARE).is_file():
        return wrong(
            NAME,
            f"{plugin} is there, but the stick's program {FIRMWARE} is not beside it",
            f"install {MODERN} again",
            "the program of the stick is missing",
        )
    if not _has_libusb(machine, plugin.parent):
        return wrong(
            NAME,
            f"{plugin} needs {LIBUSB}, which is not installed",
            "sudo apt-get install libusb-1.0-0",
            "a library for the stick is missing",
        )
    return right(NAME, f"{plugin} and {FIRMWARE} are there")


def library_folders() -> list[Path]:
    """Where an OpenVINO that Python would import keeps its plugins; nothing is imported."""
    out = []
    spec = find_spec("openvino")
    for place in (spec.submodule_search_locations or []) if spec is not None else []:
        out += [Path(place) / "libs", Path(place)]
    if os.environ.get("INTEL_OPENVINO_DIR"):
        root = Path(os.environ["INTEL_OPENVINO_DIR"])
        out += [folder for pattern in BELOW_INTEL for folder in sorted(root.glob(pattern))]
    out += [Path(folder) for folder in os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep) if folder]
    return list(dict.fromkeys(folder for folder in out if folder.is_dir()))


def _has_libusb(machine: Machine, beside: Path) -> bool:
    folders = [machine.path(folder) for folder in LIBRARY_FOLDERS]
    return any(
        (folder / LIBUSB).exists() or any(folder.glob(f"*-linux-*/{LIBUSB}")) for folder in (*folders, beside)
    )


def _how_to_get() -> str:
    if platform.machine() == "x86_64" and sys.version_info[:2] <= NEWEST_PYTHON_2021:
        return f"{sys.executable} -m pip install openvino==2021.4.2"
    if platform.machine() == "x86_64":
        return "install facecue under Python 3.9 and there OpenVINO 2021.4.2 (openvino==2021.4.2)"
    return "install Intel's archive of OpenVINO 2022.3.2 for this processor, or set model.device to auto"
