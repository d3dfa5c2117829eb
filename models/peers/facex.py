"""`facex` of PyPI."""

from __future__ import annotations

from models.peers import tensorflow_environment
from models.peers.script_peer import ScriptPeer

FACEX = ScriptPeer(
    name="facex",
    packages="facex 1.1.0",
    classes=("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"),
    script="run_facex.py",
    command=tensorflow_environment.command,
    found=tensorflow_environment.exists,
)
"""A quantised mobile net on 200 px."""
