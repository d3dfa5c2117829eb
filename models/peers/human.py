"""`@vladmandic/human` of npm."""

from __future__ import annotations

from models.peers import node_environment
from models.peers.script_peer import ScriptPeer

HUMAN = ScriptPeer(
    name="human",
    packages=f"@vladmandic/human {node_environment.PACKAGES['@vladmandic/human']}",
    classes=("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"),
    script="human.mjs",
    command=node_environment.command,
    found=node_environment.exists,
)
"""The emotion net that the library Human ships, by the author of `fer`'s, on 64 px."""
