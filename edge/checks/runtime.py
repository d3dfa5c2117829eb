"""Which runtime runs the net, and its version."""

from __future__ import annotations

from edge.backends import runtimes
from edge.checks.finding import Finding, right, wrong
from edge.errors import BackendError

NAME = "runtime"


def check(name: str = runtimes.AUTO) -> Finding:
    """name: as in model.runtime."""
    try:
        used = runtimes.find(name)
    except BackendError as error:
        return wrong(NAME, " ".join(str(error).split()), spoken="no program that runs the net")
    version = used.installed()
    others = [
        f"{other.name} {found}"
        for other in runtimes.RUNTIMES
        if other.package and other.name != used.name and (found := other.installed())
    ]
    beside = f"; beside it {', '.join(others)}" if others else ""
    try:
        devices = ", ".join(used.devices())
    except BackendError as error:
        return wrong(NAME, f"{used.name} {version} is installed but does not start: {error}")
    return right(NAME, f"{used.name} {version}, with the devices {devices}{beside}")
