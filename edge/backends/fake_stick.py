"""A Neural Compute Stick that is not there: how a real one misbehaves, by a script.

The environment variable FACECUE_FAKE_STICK holds steps as in "boot=3s;die_at=20;absent_for=5s".
Times are in seconds. Counts are of pictures, the first is 1, and may be several: die_at=20,60.

boot         it takes so long to start, where it does not run already
reenumerate  then it is gone for so long: it comes back under another USB address
patience     how long its driver waits for it to come back (5 s)
late         it is plugged in so long after it was first looked for
absent       it is never there; takes no value
absent_for   it is gone for so long after it was lost
die_at       this picture is not answered: the driver's documented error
hang_at      this picture is never answered
crash_at     the driver takes its process down at this picture
wrong_at     from this picture on it answers something else
nan_at       this picture is answered with values that are no numbers
memory       absolute path of a file in which it keeps what it is: without one, every process that
             opens it meets a new stick
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.errors import BackendError

VARIABLE = "FACECUE_FAKE_STICK"
ABSENT = "Can not init Myriad device: NC_ERROR"
LOST = "Failed to read output from FIFO: NC_ERROR"
STEP_SECONDS = 0.01


@dataclass(frozen=True)
class Script:
    """What is to go wrong; the fields are the steps above."""

    boot: float = 0.0
    reenumerate: float = 0.0
    patience: float = 5.0
    late: float = 0.0
    absent: bool = False
    absent_for: float = 0.0
    die_at: tuple[int, ...] = ()
    hang_at: tuple[int, ...] = ()
    crash_at: tuple[int, ...] = ()
    wrong_at: tuple[int, ...] = ()
    nan_at: tuple[int, ...] = ()
    memory: str = ""

    @staticmethod
    def of(text: str) -> Script:
        """Raises BackendError for a step that is none."""
        defaults = {f.name: f.default for f in fields(Script)}
        steps: dict[str, object] = {}
        for step in filter(None, (part.strip() for part in text.split(";"))):
            name, _, value = (part.strip() for part in step.partition("="))
            try:
                steps[name] = _value(defaults[name], value)
            except (KeyError, ValueError):
                raise BackendError(
                    f"{VARIABLE}: {step} is no step of a fake stick; known are {', '.join(defaults)}"
                ) from None
        return Script(**steps)  # type: ignore[arg-type]


@dataclass
class Memory:
    """What a stick is at one moment, whoever holds it. Times are of time.monotonic().

    asked: pictures so far. booted: whether it runs. gone_until: it is not there before. met_at: when
    it was first looked for.
    """

    asked: int = 0
    booted: bool = False
    gone_until: float = 0.0
    met_at: float = 0.0


class FakeStick:
    """One stick, as its driver sees it; its errors are RuntimeErrors with the driver's words."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._memory = Memory()
        self._path = Path(script.memory) if script.memory else None
        if self._path is not None:
            with contextlib.suppress(FileNotFoundError):
                self._memory = Memory(**json.loads(self._path.read_text(encoding="utf-8")))
        if not self._memory.met_at:
            self._keep(met_at=time.monotonic())

    @staticmethod
    def of_environment(environment: Mapping[str, str] | None = None) -> FakeStick:
        environment = os.environ if environment is None else environment
        return FakeStick(Script.of(environment.get(VARIABLE, "")))

    @property
    def listed(self) -> bool:
        """Whether it is there at this moment."""
        gone_until = max(self._memory.gone_until, self._memory.met_at + self._script.late)
        return not self._script.absent and time.monotonic() >= gone_until

    def boot(self) -> None:
        """Start it. Raises RuntimeError when it is not there or does not come back in time."""
        self._wait()
        if self._memory.booted:
            return
        time.sleep(self._script.boot)
        self._keep(booted=True, gone_until=time.monotonic() + self._script.reenumerate)
        self._wait()

    def answer(self, right: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """What it makes of the right answer. Raises RuntimeError, never returns, or ends the process."""
        self._keep(asked=self._memory.asked + 1)
        script, count = self._script, self._memory.asked
        if not self.listed:
            raise RuntimeError(LOST)
        if count in (*script.die_at, *script.hang_at, *script.crash_at):
            self._keep(booted=False, gone_until=time.monotonic() + script.absent_for)
        if count in script.die_at:
            raise RuntimeError(LOST)
        while count in script.hang_at:
            time.sleep(60.0)
        if count in script.crash_at:
            os.kill(os.getpid(), signal.SIGSEGV)
        if script.wrong_at and count >= min(script.wrong_at):
            return 4.0 - right
        return np.full_like(right, np.nan) if count in script.nan_at else right

    def leave(self) -> None:
        """Let go of it in good order: it is then as it was before it was started."""
        self._keep(booted=False)

    def _wait(self) -> None:
        deadline = time.monotonic() + self._script.patience
        while not self.listed:
            if time.monotonic() >= deadline:
                raise RuntimeError(ABSENT)
            time.sleep(STEP_SECONDS)

    def _keep(self, **changes: object) -> None:
        self._memory = Memory(**{**asdict(self._memory), **changes})
        if self._path is not None:
            # In one step: whoever uses it may be killed at any moment.
            new = self._path.with_suffix(".new")
            new.write_text(json.dumps(asdict(self._memory)), encoding="utf-8")
            new.replace(self._path)


def _value(default: object, text: str) -> object:
    if isinstance(default, bool):
        if text:
            raise ValueError
        return True
    if isinstance(default, float):
        seconds = float(text[:-1] if text.endswith("s") else text)
        if not seconds >= 0.0:
            raise ValueError
        return seconds
    if isinstance(default, tuple):
        return tuple(int(part) for part in text.split(","))
    return text
