"""A small residual network for a processor alone (after He et al. 2016)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from export.fold import fold
from models.networks.face_net import FaceNet
from models.recipe import Head

STEM = 24
"""Channels of the first convolution, which halves the picture: 96 px cost what 48 px would."""
WIDTHS = ((32, 1), (80, 1), (160, 1), (240, 0))
"""Channels of each block and how many residual units stand behind its halving convolution. At 96 px
that makes 59.9 million multiplications with their additions, and 1.1 million parameters."""


class Residual(nn.Module):
    """relu(x + inner(x)); `inner` keeps the shape."""

    def __init__(self, inner: nn.Sequential) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.inner(x))


class SmallAu(FaceNet):
    """Five blocks; each begins with a 3x3 convolution of stride 2. Only convolutions, sums and ReLU."""

    def __init__(self, heads: Sequence[tuple[Head, int]], dropout: float = 0.3) -> None:
        blocks: list[nn.Module] = [nn.Sequential(*_convolution(3, STEM, 2), nn.ReLU(inplace=True))]
        channels = STEM
        for width, residuals in WIDTHS:
            layers: list[nn.Module] = [*_convolution(channels, width, 2), nn.ReLU(inplace=True)]
            for _ in range(residuals):
                first, second = _convolution(width, width, 1), _convolution(width, width, 1)
                layers.append(Residual(nn.Sequential(*first, nn.ReLU(inplace=True), *second)))
            channels = width
            blocks.append(nn.Sequential(*layers))
        super().__init__(blocks, channels, heads, dropout)

    def deployed_layers(self) -> nn.Sequential:
        x = torch.linspace(-2, 2, 3 * 48 * 48).view(1, 3, 48, 48)
        layers: list[nn.Module] = []
        run: list[nn.Module] = []
        for layer in [layer for block in self.blocks for layer in block.children()] + [None]:
            if layer is None or isinstance(layer, Residual):
                folded = fold(run, x)
                x, run = folded(x), []
                layers += list(folded)
            if isinstance(layer, Residual):
                residual = Residual(fold(list(layer.inner), x))
                x = residual(x)
                layers.append(residual)
            elif layer is not None:
                run.append(layer)
        return nn.Sequential(*layers)

    @classmethod
    def empty_layers(cls, first_pool: int) -> nn.Sequential:
        del first_pool
        channels = 3
        layers: list[nn.Module] = []
        for width, residuals in ((STEM, 0), *WIDTHS):
            layers += [nn.Conv2d(channels, width, 3, 2, 1), nn.ReLU()]
            for _ in range(residuals):
                inner = [nn.Conv2d(width, width, 3, 1, 1), nn.ReLU(), nn.Conv2d(width, width, 3, 1, 1)]
                layers.append(Residual(nn.Sequential(*inner)))
            channels = width
        return nn.Sequential(*layers)


def _convolution(channels: int, width: int, stride: int) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    # The bias is batch normalisation's business.
    return nn.Conv2d(channels, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
