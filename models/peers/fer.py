"""`fer` of PyPI."""

from __future__ import annotations

from models.peers import tensorflow_environment
from models.peers.script_peer import ScriptPeer

FER = ScriptPeer(
    name="fer",
    packages="fer 25.10.3",
    classes=("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"),
    script="run_fer.py",
    options=("keras",),
    command=tensorflow_environment.command,
    found=tensorflow_environment.exists,
)
"""The mini-Xception of Arriaga et al. (2017) on 64 px, in full precision."""
