"""Steps of ours in the legacy environment: a request goes there and an answer comes back, through files."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from export.side_environment import clean_environ, last_words

PROGRAM = Path(__file__).with_name("scripts") / "run_step.py"
LIMIT_SECONDS = 900.0
"""For a large net on a slow, busy machine; nothing here should take a tenth of it."""
ENVIRON = {
    # The optimizer walks through sets: the same net shall give the same file.
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "DEPTHAI_LEVEL": "off",
}


class ChildFault(Exception):
    """A step failed; the message is in the words of what failed."""


def ask(python: Path, step: str, request: Mapping[str, object]) -> Any:
    """What a step answers. python: of the environment. request: what JSON can hold. Raises ChildFault."""
    with tempfile.TemporaryDirectory(prefix="facecue-legacy-") as place:
        folder = Path(place)
        (folder / "request.json").write_text(json.dumps(request, default=str), encoding="utf-8")
        try:
            done = subprocess.run(  # noqa: S603
                [str(python), str(PROGRAM), step, str(folder)],
                env=clean_environ() | ENVIRON,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=LIMIT_SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            raise ChildFault(f"it gave no answer in {LIMIT_SECONDS:.0f} s") from error
        except OSError as error:
            raise ChildFault(f"{python} cannot be started: {error.strerror}") from error
        answer = folder / "answer.json"
        if done.returncode < 0:
            raise ChildFault(f"it was ended by {signal.Signals(-done.returncode).name}")
        if done.returncode or not answer.is_file():
            raise ChildFault(last_words(done.stderr or done.stdout))
        told = json.loads(answer.read_text(encoding="utf-8"))
    if "missing" in told:
        environment = python.parent.parent
        raise ChildFault(
            f"{environment} is damaged, {told['missing']}: remove that folder and run "
            "'facecue export setup-legacy'"
        )
    if "fault" in told:
        raise ChildFault(plain(told["fault"]))
    return told["answer"]


def plain(words: str) -> str:
    """OpenVINO's words on one line, without its marks and the places in its source."""
    bare = re.sub(r"\[ [A-Z_ ]+ \]|\S+\.[ch]pp:\d+", " ", words)
    return " ".join(bare.split()).rstrip(". ")
