"""VGG-16's convolutions with pooled heads (Simonyan & Zisserman 2015; Parkhi 2015)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d

from export.fold import fold
from models.networks.face_net import FaceNet
from models.recipe import Head

BLOCKS: tuple[tuple[int, ...], ...] = (
    (64, 64),
    (128, 128),
    (256, 256, 256),
    (512, 512, 512),
    (512, 512, 512),
)
"""Output channels of each 3x3 convolution, block by block; max pooling stands between blocks."""


class VggFaceAu(FaceNet):
    """The thirteen convolutions of VGG-16, each with batch normalisation while training."""

    GENTLE: ClassVar[dict[int, float]] = {0: 0.2, 1: 0.3, 2: 0.6}
    """Earlier blocks are already right for pictures in general and move more slowly."""

    first_pool: int = 2
    """Side of the pooling behind the first block. 2 is VGG's; 4 lets the other blocks work on half the
    grid, so that what was learned at half the picture's size holds (docs/decisions/0006)."""

    def __init__(self, heads: Sequence[tuple[Head, int]], dropout: float = 0.3) -> None:
        channels = 3
        blocks = []
        for widths in BLOCKS:
            layers: list[nn.Module] = []
            for width in widths:
                layers += [
                    nn.Conv2d(channels, width, 3, padding=1),
                    nn.BatchNorm2d(width),
                    nn.ReLU(inplace=True),
                ]
                channels = width
            blocks.append(nn.Sequential(*layers))
        super().__init__(blocks, channels, heads, dropout)

    def enter(self, index: int, x: Tensor) -> Tensor:
        if not index:
            return x
        return max_pool2d(x, self.first_pool if index == 1 else 2)

    def convolutions(self) -> list[tuple[nn.Conv2d, nn.BatchNorm2d]]:
        """Every convolution with its batch normalisation, first to last."""
        modules = [module for block in self.blocks for module in block.children()]
        convolutions = [m for m in modules if isinstance(m, nn.Conv2d)]
        return list(zip(convolutions, [m for m in modules if isinstance(m, nn.BatchNorm2d)]))

    def deployed_layers(self) -> nn.Sequential:
        layers: list[nn.Module] = []
        for number, block in enumerate(self.blocks):
            if number:
                layers.append(nn.MaxPool2d(self.first_pool if number == 1 else 2))
            layers += list(block.children())
        return fold(layers, torch.linspace(-2, 2, 3 * 48 * 48).view(1, 3, 48, 48))

    @classmethod
    def empty_layers(cls, first_pool: int) -> nn.Sequential:
        channels = 3
        layers: list[nn.Module] = []
        for number, widths in enumerate(BLOCKS):
            if number:
                layers.append(nn.MaxPool2d(first_pool if number == 1 else 2))
            for width in widths:
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
                channels = width
        return nn.Sequential(*layers)
