"""What every peer is to us, and how its answers become ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edge.errors import FacecueError
from edge.facs import EMOTIONS

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]


class PeerError(FacecueError, RuntimeError):
    """A peer cannot be run, or what it says makes no sense."""


class Peer(Protocol):
    """A model of somebody else that names the expression of a face picture.

    name: ours for it. version: of the packages and of how we feed it, anything that changes an
    answer. classes: our names of its outputs, in its order.
    """

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def classes(self) -> tuple[str, ...]: ...

    def exists(self) -> bool:
        """Whether its environment is there, so that nothing has to be installed."""
        ...

    def scores(self, images: Sequence[UInt8]) -> Float32:
        """float32 [N, classes], NaN rows where it gave no answer. Raises PeerError, SideEnvironmentError."""
        ...


def in_our_order(scores: Float32, classes: Sequence[str]) -> Float32:
    """A peer's scores [N, C] as float32 [N, 8] in the order of EMOTIONS; unknown classes are 0.

    Rows are scaled to a sum of 1, because some peers answer with independent sigmoids.
    """
    out = np.zeros((len(scores), len(EMOTIONS)), dtype=np.float32)
    for column, name in enumerate(classes):
        out[:, EMOTIONS.index(name)] = scores[:, column]
    total = out.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0, out / total, np.nan).astype(np.float32)


def need_pictures(images: Sequence[UInt8]) -> None:
    """Raise PeerError unless all are uint8 [H, W] grey or [H, W, 3] BGR and not empty."""
    for index, image in enumerate(images):
        fits = image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)
        if image.dtype != np.uint8 or not fits or not image.size:
            raise PeerError(
                f"picture {index} is {image.dtype} {image.shape}: a peer takes uint8 (H, W) or (H, W, 3)"
            )
