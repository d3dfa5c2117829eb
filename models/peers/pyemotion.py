"""`PyEmotion` of PyPI."""

from __future__ import annotations

import sys
from pathlib import Path

from export import side_environment
from models.peers.peer import PeerError
from models.peers.script_peer import ScriptPeer

NAME = "peers-pyemotion"
PACKAGES = ("PyEmotion==1.0.0",)
"""Only the package's files are wanted: PyTorch is here already."""


def command(script: Path) -> list[str]:
    """Runs the script in our own Python. Raises SideEnvironmentError, PeerError."""
    python = side_environment.python_of(NAME, (), without_dependencies=PACKAGES)
    for package in python.parent.parent.glob("lib/python*/site-packages/PyEmotion"):
        return [sys.executable, str(script), str(package)]
    raise PeerError(f"{python.parent.parent} holds no PyEmotion: delete that folder and run this again")


def exists() -> bool:
    """Whether the package's files are there already."""
    return side_environment.exists(NAME, (), without_dependencies=PACKAGES)


PYEMOTION = ScriptPeer(
    name="pyemotion",
    packages="PyEmotion 1.0.0",
    classes=("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"),
    script="run_pyemotion.py",
    command=command,
    found=exists,
)
"""Four convolutions and two dense layers on 48 px, also shipped as `facial-emotion-recognition`."""
