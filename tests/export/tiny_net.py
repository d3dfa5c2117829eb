"""A net small enough to be exported in seconds, with the interface of the real one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from edge.card import Tolerance
from edge.facs import EMOTIONS
from export.fold import fold
from export.request import ExportRequest

SIDE = 32
UNITS = ("AU01", "AU04", "AU06", "AU12", "AU25")


class TinyNet(nn.Module):
    """Two convolutions and a head: float32 [1, 3, S, S], 0..255 -> float32 [1, 5]."""

    def __init__(self, gain: float = 1.0) -> None:
        super().__init__()
        self.gain = gain
        self.layers = fold(layers(), torch.rand(2, 3, SIDE, SIDE))
        self.head = nn.Linear(12, len(UNITS))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        pooled = self.layers((image - 117.0) * (self.gain / 57.0)).mean(dim=(2, 3))
        return self.head(pooled * 16.0)


def layers() -> list[nn.Module]:
    found = [
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 12, 3, padding=1),
        nn.BatchNorm2d(12),
        nn.ReLU(inplace=True),
    ]
    for norm in (found[1], found[5]):
        norm.running_mean.uniform_(-0.5, 0.5)
        norm.running_var.uniform_(0.5, 2.0)
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.uniform_(norm.bias, -0.5, 0.5)
    return [layer.eval() for layer in found]


def crops(count: int, seed: int) -> Iterator[np.ndarray[Any, Any]]:
    """Soft blobs of many brightnesses: unlike noise, they make the net answer differently."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    for _ in range(count):
        shape = rng.uniform([1, 1, 0], [12, 12, 6], size=(3, 3))
        waves = sum(np.sin(a * x + b * y + c) for a, b, c in shape)
        yield np.clip(rng.uniform(40, 210) + rng.uniform(10, 60) * waves, 0, 255).astype(np.uint8)


def request(**changes: Any) -> ExportRequest:
    """A request that is accepted, always the same; `changes` replace its fields."""
    torch.manual_seed(7)
    rng = np.random.default_rng(7)
    made = ExportRequest(
        name="tiny",
        version="1",
        net=TinyNet().eval(),
        image_size=SIDE,
        action_units=UNITS,
        emotions=EMOTIONS,
        emotion_stage={
            "hidden_weight": rng.normal(size=(16, 5)).astype(np.float32),
            "hidden_bias": rng.normal(size=16).astype(np.float32),
            "output_weight": rng.normal(size=(8, 16)).astype(np.float32),
            "output_bias": rng.normal(size=8).astype(np.float32),
        },
        unsure_below=0.4,
        golden=list(crops(12, seed=1)),
        calibration=crops(40, seed=2),
        licence="Apache-2.0",
        tolerances={"fp16": Tolerance(0.01, 0.05, 0.1), "int8": Tolerance(0.1, 0.1, 0.25)},
        provenance={"trained_on": "nothing"},
        figures={"accuracy": 0.5},
    )
    return replace(made, **changes)
