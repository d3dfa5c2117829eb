"""`@vladmandic/face-api` of npm."""

from __future__ import annotations

from models.peers import node_environment
from models.peers.script_peer import ScriptPeer

FACE_API = ScriptPeer(
    name="face-api",
    packages=f"@vladmandic/face-api {node_environment.PACKAGES['@vladmandic/face-api']}",
    classes=("neutral", "happiness", "sadness", "anger", "fear", "disgust", "surprise"),
    script="face_api.mjs",
    command=node_environment.command,
    found=node_environment.exists,
)
"""face-api's expression net, four dense blocks on 112 px."""
