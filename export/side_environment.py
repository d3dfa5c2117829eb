"""Virtual environments for packages that cannot live beside ours.

Some want an older numpy, others bring a whole TensorFlow. They are installed into an environment
of their own and run there as a child process on a script of ours, which imports nothing of ours;
the two sides exchange files.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge.errors import FacecueError

log = logging.getLogger(__name__)

FINISHED = "finished"
"""File that is written last: an environment without it is half made."""
MISLEADING = (
    *("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP"),
    *("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_CONSTRAINT"),
)
"""Settings of the caller that would lead Python or pip away from the environment."""


class SideEnvironmentError(FacecueError, RuntimeError):
    """An environment cannot be made, or a program in it failed."""


@dataclass(frozen=True)
class Interpreter:
    """A Python that an environment is made with: the program, and its version as "3.9.18"."""

    program: str
    version: str


OURS = Interpreter(sys.executable, platform.python_version())
"""The one that runs this."""


def python_of(
    name: str,
    requirements: Sequence[str],
    *,
    without_dependencies: Sequence[str] = (),
    interpreter: Interpreter = OURS,
) -> Path:
    """The interpreter of an environment that holds these packages; it is made on first use.

    requirements: pinned, as pip takes them. without_dependencies: pinned packages whose own
    requirements, Python's version among them, are left out (a file is wanted, or one does not
    fit). interpreter: what the environment is made with. It is kept below
    $XDG_CACHE_HOME/facecue, else ~/.cache/facecue. A second caller waits for the first. Raises
    SideEnvironmentError.
    """
    folder = folder_of(name, requirements, without_dependencies=without_dependencies, interpreter=interpreter)
    python = folder / "bin" / "python"
    if _is_finished(folder):
        return python
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _locked(folder.with_name(folder.name + ".lock")):
            if not _is_finished(folder):
                _make(folder, python, requirements, without_dependencies, interpreter)
    except OSError as error:
        raise SideEnvironmentError(
            f"{folder} cannot be made ({error.strerror}): free some space, or name another folder in "
            "XDG_CACHE_HOME"
        ) from error
    return python


def exists(
    name: str,
    requirements: Sequence[str],
    *,
    without_dependencies: Sequence[str] = (),
    interpreter: Interpreter = OURS,
) -> bool:
    """Whether `python_of` would find the environment instead of making it."""
    return _is_finished(
        folder_of(name, requirements, without_dependencies=without_dependencies, interpreter=interpreter)
    )


def folder_of(
    name: str,
    requirements: Sequence[str],
    *,
    without_dependencies: Sequence[str] = (),
    interpreter: Interpreter = OURS,
) -> Path:
    """Where the environment is or will be: another one for other packages or another Python."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    asked = "\n".join([interpreter.version, *requirements, "--no-deps", *without_dependencies])
    return cache.absolute() / "facecue" / f"{name}-{hashlib.sha256(asked.encode()).hexdigest()[:12]}"


def clean_environ() -> dict[str, str]:
    """The variables a program in such an environment should see."""
    return {key: value for key, value in os.environ.items() if key not in MISLEADING}


def last_words(stderr: str) -> str:
    """The line of a failed program's standard error that says why: pip's last ERROR, else the last."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line.partition(":")[2].strip() for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["it said nothing"])[-1]


def _is_finished(folder: Path) -> bool:
    if not (folder / FINISHED).is_file():
        return False
    python = folder / "bin" / "python"
    try:
        # The Python it was made from may have been taken away since.
        return subprocess.run([python, "-c", ""], env=clean_environ()).returncode == 0  # noqa: S603
    except OSError:
        return False


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _make(
    folder: Path, python: Path, requirements: Sequence[str], bare: Sequence[str], interpreter: Interpreter
) -> None:
    log.info("setting up %s, once: %s", folder, ", ".join([*requirements, *bare]))
    (folder / FINISHED).unlink(missing_ok=True)
    _need([interpreter.program, "-m", "venv", "--clear", str(folder)], f"{folder} cannot be made")
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    if requirements:
        _need([*pip, *requirements], f"pip could not install {', '.join(requirements)}")
    if bare:
        _need(
            [*pip, "--no-deps", "--ignore-requires-python", *bare], f"pip could not install {', '.join(bare)}"
        )
    (folder / FINISHED).touch()


def _need(command: list[str], fault: str) -> None:
    done = subprocess.run(  # noqa: S603
        command, env=clean_environ(), capture_output=True, text=True, errors="replace"
    )
    if done.returncode:
        said = last_words(done.stderr or done.stdout)
        raise SideEnvironmentError(
            f"{fault} ({said}): check the network connection and the free disk space, then run this again"
        )
