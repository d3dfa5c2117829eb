"""What the tests of the stick share: real children with the fake stick, and what they leave behind."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from edge.backends import runtimes
from edge.backends.base import Backend
from edge.model_folder import ModelFolder
from edge.settings import StickSettings
from edge.stick.proof import CROPS
from edge.stick.supervised import SupervisedStick

PATIENT_SECONDS = 60.0
"""A busy machine takes its time to start a child."""
FIRST = CROPS + 1
"""Number of the first picture that a child is asked after its proof."""
SETTINGS = StickSettings(boot_seconds=PATIENT_SECONDS, answer_seconds=10.0, retry_seconds=0.05)

Float32 = np.ndarray


class Told:
    """What was told of the stick's health."""

    def __init__(self) -> None:
        self.labels: list[str] = []
        self.errors: list[str] = []

    def __call__(self, name: str, error: Exception | None) -> None:
        self.labels.append(f"{name}_{'found' if error is None else 'lost'}")
        if error is not None:
            self.errors.append(str(error))


class Checked:
    """A supervised stick whose every answer is compared with the processor's."""

    def __init__(self, stick: SupervisedStick, right: Backend, folder: ModelFolder) -> None:
        self.stick = stick
        self._right = right
        self._side = folder.card.image_size
        self._numbers = np.random.default_rng(4)

    def ask(self) -> str:
        """Ask one picture; which device answered it, rightly."""
        image = self._numbers.integers(0, 256, (1, 3, self._side, self._side)).astype(np.float32)
        np.testing.assert_allclose(self.stick.infer(image), self._right.infer(image), atol=1e-4)
        return self.stick.device


@contextmanager
def supervised(
    folder: ModelFolder, told: Told, wait_for_boot: bool = True, runtime: str = "fake", **changes: object
) -> Iterator[Checked]:
    """changes: of SETTINGS."""
    right = runtimes.find().open(folder, "CPU")
    stick = SupervisedStick(
        folder,
        runtime,
        runtimes.find().open(folder, "CPU"),
        told,
        replace(SETTINGS, **changes),  # type: ignore[arg-type]
        wait_for_boot=wait_for_boot,
    )
    try:
        yield Checked(stick, right, folder)
    finally:
        stick.close()
        right.close()


def until(happens: Callable[[], object], seconds: float = PATIENT_SECONDS) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def children(parent: int) -> list[int]:
    """The processes whose parent this is, zombies included."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # gone while it was looked at
        if int(fields[1]) == parent:
            found.append(int(status.parent.name))
    return found


def stick_children() -> list[int]:
    """The children of this process that hold a stick."""
    found = []
    for pid in children(os.getpid()):
        try:
            if b"edge.stick.child" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
        except OSError:
            continue
    return found


def running(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def descriptors() -> list[str]:
    """What this process has open."""
    found = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            found.append(str(link.readlink()))
        except OSError:
            continue  # the folder itself, read a moment ago
    return sorted(found)
