"""The second stage: emotions from action units, and from nothing else."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from edge.emotions import LOGIT_LIMIT


class EmotionStage(nn.Module):
    """A multilayer perceptron of one hidden layer on the units' log-odds.

    forward: float32 [N, K] action-unit logits -> float32 [N, E] emotion logits. The log-odds are
    clipped, so that neither a saturated unit nor FP16 can drown the others.
    """

    def __init__(self, units: int, emotions: int, hidden: int = 64, dropout: float = 0.0) -> None:
        super().__init__()
        self.hidden = nn.Linear(units, hidden)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(hidden, emotions)

    def forward(self, logits: Tensor) -> Tensor:
        clipped = logits.clamp(-LOGIT_LIMIT, LOGIT_LIMIT)
        out: Tensor = self.output(self.dropout(torch.relu(self.hidden(clipped))))
        return out
