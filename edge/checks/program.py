"""Whether facecue and what it needs are installed."""

from __future__ import annotations

import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, requires, version

from edge.checks.finding import Finding, right, wrong

NAME = "program"
AGAIN = "install facecue again"


def check() -> Finding:
    """Every package with its version."""
    found, package = [], "facecue"
    try:
        for package in ("facecue", *_packages()):
            found.append(f"{package} {version(package)}")
    except PackageNotFoundError:
        return wrong(NAME, f"{package} is not installed", AGAIN, "facecue is not whole")
    return right(NAME, f"Python {sys.version.split()[0]} on {platform.machine()}, {', '.join(found)}")


def _packages() -> list[str]:
    """What facecue needs everywhere: without extras, and without what only some Pythons need."""
    needed = [line for line in requires("facecue") or [] if ";" not in line]
    return [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in needed]
