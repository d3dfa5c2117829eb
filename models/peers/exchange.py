"""Pictures to a child process and its scores back, through files that do not outlive the call.

The child gets a folder as its last argument. It finds there `pictures.json`, a list of
[height, width], and `pictures.raw`, the pictures' bytes one after the other, three bytes RGB a
pixel; it writes `scores.raw`, little-endian float32, one row a picture.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from export.side_environment import last_words
from models.peers.peer import Float32, PeerError, UInt8

START_SECONDS = 600.0
"""For a child to load its libraries on a slow, busy machine."""
SECONDS_PER_PICTURE = 1.0
PICTURES_AT_A_TIME = 4096
ERROR = re.compile(r"[\w.]*(Error|Exception)\b.*: ")


def ask(
    name: str,
    command: Sequence[str],
    images: Sequence[UInt8],
    classes: int,
    environ: Mapping[str, str],
    *,
    limit_seconds: float | None = None,
) -> Float32:
    """What the child says of the pictures: float32 [N, classes]. Raises PeerError."""
    parts = [
        _ask(name, command, images[i : i + PICTURES_AT_A_TIME], classes, environ, limit_seconds)
        for i in range(0, len(images), PICTURES_AT_A_TIME)
    ]
    return np.concatenate([np.zeros((0, classes), np.float32), *parts])


def _ask(
    name: str,
    command: Sequence[str],
    images: Sequence[UInt8],
    classes: int,
    environ: Mapping[str, str],
    limit_seconds: float | None,
) -> Float32:
    limit = limit_seconds or START_SECONDS + SECONDS_PER_PICTURE * len(images)
    with tempfile.TemporaryDirectory(prefix="facecue-peer-") as place:
        folder = Path(place)
        whole = [*command, place]
        try:
            _write(folder, images)
            done = subprocess.run(  # noqa: S603
                whole,
                env=dict(environ),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=limit,
            )
        except subprocess.TimeoutExpired as error:
            raise PeerError(
                f"the peer {name} gave no answer on {len(images)} pictures in {limit:.0f} s: "
                "run this again when the machine is less busy, or leave this peer out"
            ) from error
        except OSError as error:
            raise PeerError(
                f"the peer {name} cannot be started ({error.strerror}): {error.filename or command[0]}"
            ) from error
        if done.returncode:
            said = _said(done.returncode, done.stderr or done.stdout)
            raise PeerError(f"the peer {name} failed ({said}): mend that, or leave this peer out")
        return _read(folder / "scores.raw", name, len(images), classes)


def _said(code: int, stderr: str) -> str:
    if code < 0:
        return f"it was ended by {signal.Signals(-code).name}"
    # Node ends with its version, TensorFlow with a remark: the error stands further up.
    errors = [line.strip() for line in stderr.splitlines() if ERROR.match(line.strip())]
    return errors[-1] if errors else last_words(stderr)


def _write(folder: Path, images: Sequence[UInt8]) -> None:
    (folder / "pictures.json").write_text(json.dumps([image.shape[:2] for image in images]))
    with (folder / "pictures.raw").open("wb") as stream:
        for image in images:
            code = cv2.COLOR_GRAY2RGB if image.ndim == 2 else cv2.COLOR_BGR2RGB
            stream.write(cv2.cvtColor(image, code).tobytes())


def _read(path: Path, name: str, count: int, classes: int) -> Float32:
    scores = np.fromfile(path, dtype="<f4") if path.is_file() else np.zeros(0, np.float32)
    if scores.size != count * classes:
        raise PeerError(
            f"the peer {name} gave {scores.size} scores for {count} pictures of {classes} classes each: "
            "leave this peer out"
        )
    return scores.reshape(count, classes).astype(np.float32)
