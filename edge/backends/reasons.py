"""What a runtime says, as one sentence of ours that says what to do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge.errors import BackendError

STICK = "MYRIAD"
"""How OpenVINO names a Neural Compute Stick 2; "MYRIAD.<place>" is one of several."""
STICK_TROUBLE = "NC_ERROR"
"""Stands in everything that the stick's driver says when the stick is absent, refused or lost."""
NO_PLUGIN = "is not registered"
USB_LIBRARY = "libusb"


def reason(error: Exception) -> str:
    """The runtime's own words: the last of its lines, those before it name places in its source."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else "it does not say why"


def not_installed(runtime: str, error: Exception, advice: str) -> BackendError:
    return BackendError(f"{runtime} cannot be loaded ({reason(error)}): {advice}")


def not_there(device: str, available: Sequence[str]) -> BackendError:
    return BackendError(
        f"the device {device} is not there; this machine has {', '.join(available) or 'none'}: "
        "set model.device to one of them or to auto"
    )


def cannot_load(device: str, network: Path, error: Exception) -> BackendError:
    """Why a device does not take a network; a stick that is not there has its own advice."""
    words = reason(error)
    if device.startswith(STICK) and STICK_TROUBLE in words:
        return BackendError(
            f"the Neural Compute Stick cannot be used ({words}): plug it in, let no other program use it, "
            "and run facecue doctor, which looks at its permissions"
        )
    if device.startswith(STICK) and USB_LIBRARY in words:
        return BackendError(
            f"the Neural Compute Stick cannot be used ({words}): install the system's package libusb-1.0-0"
        )
    if device.startswith(STICK) and NO_PLUGIN in words:
        return BackendError(
            "this OpenVINO cannot drive a Neural Compute Stick: install OpenVINO 2021.4.2, or Intel's "
            "archive of 2022.3.2, or set model.device to auto"
        )
    return BackendError(
        f"{device} cannot load {network} ({words}): install the model again, or set model.device to auto"
    )
