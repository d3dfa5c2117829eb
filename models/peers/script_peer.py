"""A peer that a script of ours runs in a child process."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from export.side_environment import clean_environ
from models.peers.exchange import ask
from models.peers.peer import Float32, UInt8


@dataclass(frozen=True)
class ScriptPeer:
    """A peer that a script of ours runs in a child process.

    packages: pinned, as they stand in the report. script: in scripts/; its content counts, so
    that a change of how we feed the peer is another version. command: what runs the script; makes
    the environment where it is not there. found: whether it is there.
    """

    name: str
    packages: str
    classes: tuple[str, ...]
    script: str
    command: Callable[[Path], list[str]]
    found: Callable[[], bool]
    options: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """Where the script lies."""
        return Path(__file__).with_name("scripts") / self.script

    @property
    def version(self) -> str:
        """The packages, the options and the script's content."""
        content = hashlib.sha256(self.path.read_bytes()).hexdigest()[:12]
        return " ".join([self.packages, *self.options, content])

    def exists(self) -> bool:
        """Whether its environment is there already."""
        return self.found()

    def scores(self, images: Sequence[UInt8]) -> Float32:
        """float32 [N, classes], NaN where it gave no answer. Raises PeerError, SideEnvironmentError."""
        command = [*self.command(self.path), *self.options]
        environ = clean_environ() | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
        return ask(self.name, command, images, len(self.classes), environ)
