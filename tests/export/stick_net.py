"""A net with the layers of the real ones, of a few kilobytes, as ONNX."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from export.to_onnx import write_onnx

SIDE = 16
UNITS = 4


class StickNet(nn.Module):
    """Convolution, batch normalisation, ReLU, mean, layer: float32 [1, 3, S, S] 0..255 -> [1, 4]."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.head = nn.Linear(8, UNITS)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        features = self.norm(self.convolution((image - 117.0) / 57.0)).relu()
        return self.head(features.mean(dim=(2, 3)))


def net() -> StickNet:
    """Always the same one."""
    torch.manual_seed(5)
    made = StickNet()
    made.norm.running_mean.uniform_(-0.5, 0.5)
    made.norm.running_var.uniform_(0.5, 2.0)
    made.head.weight.data *= 6.0
    return made.eval()


def images(count: int = 6) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Patches of many brightnesses, so that the answers differ."""
    rng = np.random.default_rng(5)
    levels = rng.uniform(0, 255, (count, 3, 4, 4)).round()
    return np.kron(levels, np.ones((1, 1, SIDE // 4, SIDE // 4))).astype(np.float32)


def write(path: Path) -> Path:
    """As ONNX, through the export's own step."""
    write_onnx(net(), SIDE, UNITS, path)
    return path
