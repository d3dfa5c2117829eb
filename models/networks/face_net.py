"""What every network here is: blocks that see, pooled features, and heads that answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from models.networks.emotion_stage import EmotionStage
from models.recipe import Head

UNITS = "action_units"
"""The head that must be there: what the second stage reads, and what is released."""


class FaceNet(nn.Module):
    """A grey face crop on three channels, 0..255, to one answer per head.

    Mean and scale are inside. Batch normalisation stands behind every convolution while training
    (folded at export). A head reads either the pooled features or the action-unit log-odds alone;
    what is not released helps the training and is dropped at export.
    """

    GENTLE: ClassVar[dict[int, float]] = {}
    """Share of the learning rate at which early blocks move."""

    mean: Tensor
    scale: Tensor
    frozen_blocks: int = 0

    def __init__(
        self, blocks: Sequence[nn.Module], width: int, heads: Sequence[tuple[Head, int]], dropout: float
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.full((1, 3, 1, 1), 117.0))
        self.register_buffer("scale", torch.full((1, 3, 1, 1), 1.0 / 57.0))
        self.blocks = nn.ModuleList(blocks)
        self.width = width
        self.dropout = nn.Dropout(dropout)
        units = {head.name: columns for head, columns in heads}[UNITS]
        self.heads = nn.ModuleDict()
        self._reads_units = {head.name for head, _ in heads if head.reads == UNITS}
        for head, columns in heads:
            if head.name in self._reads_units:
                self.heads[head.name] = EmotionStage(units, columns, head.hidden)
            else:
                self.heads[head.name] = nn.Linear(width, columns)

    def enter(self, index: int, x: Tensor) -> Tensor:
        """What stands between block index - 1 and block index."""
        del index
        return x

    def prefix(self, image: Tensor, blocks: int) -> Tensor:
        """float32 [N, 3, H, W] in 0..255 -> what block number `blocks` takes."""
        x = (image - self.mean) * self.scale
        for index in range(blocks):
            x = self.blocks[index](self.enter(index, x))
        return self.enter(blocks, x) if 0 < blocks < len(self.blocks) else x

    def suffix(self, x: Tensor, blocks: int = 0) -> Tensor:
        """What `prefix` gave -> pooled features float32 [N, F]."""
        for index in range(blocks, len(self.blocks)):
            x = self.blocks[index](self.enter(index, x) if index > blocks else x)
        return x.mean(dim=(2, 3))

    def answer(self, features: Tensor) -> dict[str, Tensor]:
        """Features -> what each head says, before any softmax or sigmoid: float32 [N, columns]."""
        seen = self.dropout(features.float())
        units = self.heads[UNITS](seen)
        return {
            name: units if name == UNITS else head(units if name in self._reads_units else seen)
            for name, head in self.heads.items()
        }

    def forward(self, x: Tensor, blocks: int = 0) -> dict[str, Tensor]:
        """Pictures, or where blocks is given what `prefix` made of them."""
        return self.answer(self.suffix(x if blocks else self.prefix(x, 0), blocks))

    def unit_logits(self, image: Tensor) -> Tensor:
        """float32 [N, 3, H, W] in 0..255 -> action-unit log-odds float32 [N, K]."""
        out: Tensor = self.heads[UNITS](self.suffix(self.prefix(image, 0)).float())
        return out

    def freeze(self, blocks: int) -> None:
        """Hold the first `blocks` blocks fixed, their statistics included; the others move."""
        self.frozen_blocks = blocks
        for index, block in enumerate(self.blocks):
            for parameter in block.parameters():
                parameter.requires_grad_(index >= blocks)

    def train(self, mode: bool = True) -> FaceNet:
        super().train(mode)
        for block in self.blocks[: self.frozen_blocks]:
            block.eval()
        return self

    def deployed_layers(self) -> nn.Sequential:
        """The blocks as a device runs them, batch normalisation folded: [N, 3, S, S] -> [N, F, s, s]."""
        raise NotImplementedError

    @classmethod
    def empty_layers(cls, first_pool: int) -> nn.Sequential:
        """The same layers with no weights yet, for reading a checkpoint."""
        raise NotImplementedError
