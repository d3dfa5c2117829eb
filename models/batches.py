"""Batches: rows drawn by weight, degraded as a camera would, with the targets of every head."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from edge import preprocess
from edge.facs import SWAPPED, UNIT_COLUMNS
from models.assemble import TrainingData
from models.data import teacher
from models.data.augment import degrade
from models.data.faceset import FaceSet
from models.data.readers import DataError
from models.recipe import Head
from models.targets import TARGETS

MIRRORED_UNITS = [UNIT_COLUMNS.index(SWAPPED.get(name, name)) for name in UNIT_COLUMNS]


@dataclass(frozen=True, eq=False)
class Targets:
    """What every head should say of each row, for the picture as it is and for its mirror image.

    plain, mirrored: head's name -> float32 [N, columns], NaN where unknown. weight: float32 [N].
    """

    plain: dict[str, npt.NDArray[np.float32]]
    mirrored: dict[str, npt.NDArray[np.float32]]
    weight: npt.NDArray[np.float32]

    def of(self, rows: npt.NDArray[np.intp], mirrored: npt.NDArray[np.bool_], name: str) -> Tensor:
        """float32 [len(rows), columns]."""
        return torch.from_numpy(
            np.where(mirrored[:, None], self.mirrored[name][rows], self.plain[name][rows])
        )


def targets_of(data: TrainingData, heads: Sequence[Head], coded_weight: float) -> Targets:
    """Everything the heads of a recipe are taught about the training rows.

    Raises DataError for a head about whose target nothing is known.
    """
    plain = {head.name: TARGETS[head.target].of(data.train) for head in heads}
    for head in heads:
        if not np.isfinite(plain[head.name]).any():
            raise DataError(f'no picture to train on has a label for the head "{head.name}" ({head.target})')
    mirrored = dict(plain)
    for head in heads:
        if head.target == "action_units":
            mirrored[head.name] = plain[head.name][:, MIRRORED_UNITS]
        elif head.target == "blendshapes":
            plain[head.name] = _scaled(plain[head.name], data.blendshape_range)
            mirrored[head.name] = plain[head.name][:, teacher.mirrored(data.blendshape_names)]
    return Targets(plain, mirrored, np.where(data.coded, np.float32(coded_weight), np.float32(1.0)))


class Views:
    """Degraded pictures of a set, the same ones for the same numbers, made by several threads."""

    def __init__(self, faces: FaceSet, size: int, workers: int) -> None:
        self._faces = faces
        self._size = size
        self._pool = ThreadPoolExecutor(workers) if workers > 1 else None

    def make(
        self, rows: npt.NDArray[np.intp], mirrored: npt.NDArray[np.bool_], seeds: Sequence[Sequence[int]]
    ) -> Tensor:
        """float32 [len(rows), 3, S, S] in 0..255; each picture hangs on its own seed alone."""
        jobs = list(zip(rows, mirrored, seeds))
        views = self._pool.map(self._one, jobs) if self._pool else map(self._one, jobs)
        images = torch.from_numpy(np.stack(list(views)))
        return images[:, None].float().expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)

    @property
    def count(self) -> int:
        """How many pictures there are."""
        return len(self._faces)

    def fingerprint(self) -> bytes:
        """Changes with the pictures and their order."""
        digest = hashlib.sha256()
        for image in self._faces.images:
            digest.update(image.tobytes())
        return digest.digest()

    def close(self) -> None:
        if self._pool:
            self._pool.shutdown()

    def _one(self, job: tuple[np.intp, np.bool_, Sequence[int]]) -> npt.NDArray[np.uint8]:
        row, mirrored, seed = job
        image = self._faces.images[row]
        image = np.ascontiguousarray(image[:, ::-1]) if mirrored else image
        return degrade(image, self._size, np.random.default_rng(seed))


def plain_views(faces: FaceSet, rows: npt.NDArray[np.intp], size: int) -> Tensor:
    """Pictures as the device would see them: float32 [len(rows), 3, S, S]."""
    images = np.stack([preprocess.net_input(faces.images[i], size) for i in rows])
    return torch.from_numpy(images).contiguous(memory_format=torch.channels_last)


def _scaled(shapes: npt.NDArray[np.float32], bounds: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    low, high = bounds
    scaled = np.clip((shapes - low) / np.maximum(high - low, 1e-3), 0.0, 1.0)
    scaled[:, high - low < 0.02] = np.nan  # a blendshape that never moves teaches nothing
    return np.asarray(scaled, dtype=np.float32)
