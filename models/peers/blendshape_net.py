"""What MediaPipe's blendshapes alone know of emotions: the simplest peer there is."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import nn

from edge.facs import EMOTIONS
from models.data import ferplus
from models.data.readers import DataError
from models.data.teacher import logit
from models.peers.peer import Float32, UInt8

HIDDEN = 64
EPOCHS = 20
BATCH = 256
RATE = 3e-3
DECAY = 1e-2
DROPOUT = 0.2
SEED = 1


@dataclass(frozen=True, eq=False)
class BlendshapeNet:
    """52 blendshapes, 64 hidden units, 8 emotions; trained on the votes of FER+ train, always the same.

    data: the folder that holds FER+ and its blendshapes. blendshapes: float32 [N, 52] of the
    pictures to judge, NaN rows where MediaPipe found no face: those get no answer.
    """

    data: Path
    blendshapes: Float32
    name: str = "blendshape-mlp"
    classes: tuple[str, ...] = EMOTIONS

    @property
    def version(self) -> str:
        """The settings and what it is trained on and asked about."""
        digest = hashlib.sha256()
        for array in (*self._training, self.blendshapes):
            digest.update(np.ascontiguousarray(array).tobytes())
        settings = f"{HIDDEN} {EPOCHS} {BATCH} {RATE} {DECAY} {DROPOUT} {SEED}"
        return f"PyTorch {torch.__version__} {settings} {digest.hexdigest()[:12]}"

    def exists(self) -> bool:
        """Nothing has to be installed."""
        return True

    def scores(self, images: Sequence[UInt8]) -> Float32:
        """float32 [N, 8], NaN where no face was found. Raises DataError."""
        if len(images) != len(self.blendshapes):
            raise DataError(f"{len(images)} pictures came with {len(self.blendshapes)} rows of blendshapes")
        known = np.isfinite(self.blendshapes).all(axis=1)
        x, _ = self._training
        mean, deviation = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-3)
        out = np.full((len(images), len(EMOTIONS)), np.nan, dtype=np.float32)
        with torch.random.fork_rng(devices=[]):
            net = _fit((x - mean) / deviation, self._training[1])
        asked = (logit(self.blendshapes[known]).astype(np.float32) - mean) / deviation
        with torch.inference_mode():
            out[known] = net(torch.from_numpy(asked)).softmax(dim=1).numpy()
        return out

    @cached_property
    def _training(self) -> tuple[Float32, Float32]:
        faces, _, _ = ferplus.read(self.data, "train")
        rows = np.isfinite(faces.blendshapes).all(axis=1) & np.isfinite(faces.emotions).all(axis=1)
        if not rows.any():
            raise DataError(
                f"{self.data / 'blendshapes_ferplus.npz'} has blendshapes of no training picture: "
                "the blendshape peer cannot be trained"
            )
        return logit(faces.blendshapes[rows]).astype(np.float32), faces.emotions[rows]


def _fit(x: Float32, votes: Float32) -> nn.Module:
    torch.manual_seed(SEED)
    net = nn.Sequential(
        nn.Linear(x.shape[1], HIDDEN), nn.ReLU(), nn.Dropout(DROPOUT), nn.Linear(HIDDEN, votes.shape[1])
    )
    inputs, targets = torch.from_numpy(x), torch.from_numpy(votes)
    steps = EPOCHS * -(-len(x) // BATCH)
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(x)).split(BATCH):  # type: ignore[no-untyped-call]
            optimiser.zero_grad()
            nn.functional.cross_entropy(net(inputs[rows]), targets[rows]).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
    return net.eval()
