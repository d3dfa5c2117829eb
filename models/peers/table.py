"""The peers by name, for the report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from models.data.readers import BLENDSHAPES
from models.peers.blendshape_net import BlendshapeNet
from models.peers.blendshape_teacher import BlendshapeTeacher
from models.peers.face_api import FACE_API
from models.peers.fer import FER
from models.peers.human import HUMAN
from models.peers.memory import remembered
from models.peers.peer import Float32, Peer, PeerError, UInt8, in_our_order, need_pictures
from models.peers.pyemotion import PYEMOTION

SCRIPTED: dict[str, Peer] = {p.name: p for p in (FER, FACE_API, HUMAN, PYEMOTION)}
"""Peers that need nothing but the pictures."""
NAMES: tuple[str, ...] = (*SCRIPTED, "blendshape-mlp")
UNIT_NAMES: tuple[str, ...] = ("blendshape-teacher",)


def exists(name: str) -> bool:
    """Whether a peer can be asked without installing anything. Raises PeerError for an unknown name."""
    _need_name(name, NAMES + UNIT_NAMES)
    return name not in SCRIPTED or SCRIPTED[name].exists()


def predictions(
    name: str,
    images: Sequence[UInt8],
    cache: Path,
    *,
    data: Path | None = None,
    blendshapes: Float32 | None = None,
) -> Float32:
    """What a peer says of face pictures, as float32 [N, 8] in the order of EMOTIONS.

    images: uint8 [H, W] grey or [H, W, 3] BGR, each one face framed like FER's. cache: folder
    where the answers are kept. data, blendshapes (float32 [N, 52]): for "blendshape-mlp" alone.
    A class the peer does not know is 0; rows sum to 1 or are NaN, where the peer gave no answer.
    The first call of a peer installs it. Raises PeerError, SideEnvironmentError, DataError.
    """
    _need_name(name, NAMES)
    need_pictures(images)
    if name in SCRIPTED:
        peer = SCRIPTED[name]
    else:
        peer = BlendshapeNet(*_measured(name, len(images), data, blendshapes))
    scores = remembered(cache, peer.name, peer.version, images, lambda: peer.scores(images))
    return in_our_order(scores, peer.classes)


def unit_predictions(
    name: str,
    images: Sequence[UInt8],
    cache: Path,
    *,
    data: Path | None = None,
    blendshapes: Float32 | None = None,
    zero: str = "ckplus",
) -> dict[str, Float32]:
    """What a peer says of action units: float32 [N] in 0..1 by unit, NaN where it gave no answer.

    Arguments as for `predictions`; zero: see BlendshapeTeacher. Raises PeerError, DataError.
    """
    _need_name(name, UNIT_NAMES)
    need_pictures(images)
    peer = BlendshapeTeacher(*_measured(name, len(images), data, blendshapes), zero)
    found = remembered(cache, peer.name, peer.version, images, peer.probabilities)
    return {unit: found[:, column] for column, unit in enumerate(peer.units)}


def _need_name(name: str, names: tuple[str, ...]) -> None:
    if name not in names:
        raise PeerError(f'there is no peer "{name}": it is one of {", ".join(names)}')


def _measured(name: str, count: int, data: Path | None, blendshapes: Float32 | None) -> tuple[Path, Float32]:
    if data is None or blendshapes is None:
        raise PeerError(f"the peer {name} needs the folder of the data sets and the pictures' blendshapes")
    if blendshapes.shape != (count, BLENDSHAPES):
        raise PeerError(
            f"the peer {name} needs blendshapes of the shape ({count}, {BLENDSHAPES}), "
            f"not {blendshapes.shape}"
        )
    return data, blendshapes
