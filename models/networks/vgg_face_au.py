"""VGG-16's convolutions with a pooled action-unit head (Simonyan & Zisserman 2015; Parkhi 2015)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d

from models.networks.emotion_stage import EmotionStage

BLOCKS: tuple[tuple[int, ...], ...] = (
    (64, 64),
    (128, 128),
    (256, 256, 256),
    (512, 512, 512),
    (512, 512, 512),
)
"""Output channels of each 3x3 convolution, block by block; max pooling stands between blocks."""


@dataclass(frozen=True)
class Prediction:
    """What the net says about a batch; the last two exist in training alone."""

    action_units: Tensor
    emotions: Tensor
    direct_emotions: Tensor
    blendshapes: Tensor


class VggFaceAu(nn.Module):
    """A grey face crop on three channels, 0..255, to action-unit logits.

    Mean and scale are inside. Batch normalisation stands behind every convolution while training
    (folded at export). `emotions` reads the action-unit logits alone; `direct_emotions` and
    `blendshapes` read the pooled features, help the training and are dropped at export.
    """

    mean: Tensor
    scale: Tensor
    frozen_blocks: int = 0
    first_pool: int = 2
    """Side of the pooling behind the first block. 2 is VGG's; 4 lets the other blocks work on half the
    grid, so that what was learned at half the picture's size holds (docs/decisions/0006)."""

    def __init__(self, units: int, emotions: int, blendshapes: int, dropout: float = 0.3) -> None:
        super().__init__()
        self.register_buffer("mean", torch.full((1, 3, 1, 1), 117.0))
        self.register_buffer("scale", torch.full((1, 3, 1, 1), 1.0 / 57.0))
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
        self.blocks = nn.ModuleList(blocks)
        self.dropout = nn.Dropout(dropout)
        self.action_unit_head = nn.Linear(channels, units)
        self.emotion_stage = EmotionStage(units, emotions)
        self.direct_emotion_head = nn.Linear(channels, emotions)
        self.blendshape_head = nn.Linear(channels, blendshapes)

    def features(self, image: Tensor) -> Tensor:
        """float32 [N, 3, H, W] in 0..255 -> float32 [N, 512]."""
        x = (image - self.mean) * self.scale
        for index, block in enumerate(self.blocks):
            if index:
                x = max_pool2d(x, self.first_pool if index == 1 else 2)
            x = block(x)
        return x.mean(dim=(2, 3))

    def forward(self, image: Tensor) -> Prediction:
        features = self.dropout(self.features(image).float())
        units = self.action_unit_head(features)
        return Prediction(
            units,
            self.emotion_stage(units),
            self.direct_emotion_head(features),
            self.blendshape_head(features),
        )

    def convolutions(self) -> list[tuple[nn.Conv2d, nn.BatchNorm2d]]:
        """Every convolution with its batch normalisation, first to last."""
        modules = [module for block in self.blocks for module in block.children()]
        convolutions = [m for m in modules if isinstance(m, nn.Conv2d)]
        return list(zip(convolutions, [m for m in modules if isinstance(m, nn.BatchNorm2d)]))

    def freeze(self, blocks: int) -> None:
        """Hold the first `blocks` blocks fixed, their statistics included."""
        self.frozen_blocks = blocks
        for block in self.blocks[:blocks]:
            for parameter in block.parameters():
                parameter.requires_grad_(False)

    def train(self, mode: bool = True) -> VggFaceAu:
        super().train(mode)
        for block in self.blocks[: self.frozen_blocks]:
            block.eval()
        return self
