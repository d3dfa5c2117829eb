"""The Python that OpenVINO 2021.4.2 has a wheel for."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from export.errors import ExportError
from export.side_environment import Interpreter, clean_environ

VERSIONS = ("3.9", "3.8")
PROBE = (
    "import ensurepip, platform, sys, venv; "
    "assert sys.maxsize > 2**32 and platform.python_implementation() == 'CPython'; "
    "print(platform.python_version())"
)


def interpreters() -> Iterator[Interpreter]:
    """Every 64-bit CPython 3.9 or 3.8 that can make environments, from PATH and from pyenv."""
    for version in VERSIONS:
        for program in (f"python{version}", *_of_pyenv(version)):
            found = _probe(program)
            # On PATH another program may bear the name.
            if found is not None and found.startswith(f"{version}."):
                yield Interpreter(program, found)


def find() -> Interpreter:
    """The first of them. Raises ExportError on a machine that can have none, and where none is."""
    require_machine()
    for interpreter in interpreters():
        return interpreter
    raise ExportError(
        "OpenVINO 2021.4.2 needs Python 3.9 or 3.8 with its venv module, and there is none on PATH or in "
        "pyenv: install one, for example with 'pyenv install 3.9' or with 'uv python install 3.9', and run "
        "this again"
    )


def require_machine() -> None:
    """Raise ExportError where OpenVINO 2021.4.2 has no wheel at all."""
    machine = platform.machine()
    if machine not in ("x86_64", "AMD64"):
        raise ExportError(
            f"OpenVINO 2021.4.2's model optimizer and Myriad X compiler exist for 64-bit x86 only, and this "
            f"machine is {machine}: export on a PC and copy the model folder here"
        )


def _of_pyenv(version: str) -> list[str]:
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = root.glob(f"versions/{version}.*/bin/python")
    return [str(path) for path in sorted(found, key=lambda path: _numbers(path.parts[-3]), reverse=True)]


def _numbers(name: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", name)]


def _probe(program: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603
            [program, "-c", PROBE], env=clean_environ(), capture_output=True, text=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
