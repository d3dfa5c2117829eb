"""The terms of the loss: one per head that weighs something."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from models.recipe import Head, Recipe, Stage
from models.targets import TARGETS


def losses(
    answers: Mapping[str, Tensor],
    wanted: Mapping[str, Tensor],
    weight: Tensor,
    recipe: Recipe,
    stage: Stage,
    shares: Mapping[str, Tensor],
) -> dict[str, Tensor]:
    """Weighted terms by head.

    answers, wanted: float32 [N, columns] of each head, targets NaN where unknown. weight: float32 [N].
    shares: how often each class is drawn, for the heads that balance (see `class_shares`).
    """
    terms = {}
    for head in recipe.head:
        factor = recipe.weight(stage, head)
        if factor:
            answer = answers[head.name].float()
            if head.balance:
                # Menon et al. 2021: what is learned with the prior added is free of it afterwards.
                prior = shares[head.name].clamp(max=head.balance_below)
                answer = answer + head.balance * torch.log(prior)
            each = weight if head.target == "action_units" else torch.ones_like(weight)
            terms[head.name] = factor * TARGETS[head.target].loss(answer, wanted[head.name], each)
    return terms


def class_shares(
    heads: list[Head], targets: Mapping[str, npt.NDArray[np.float32]], chance: npt.NDArray[np.float64]
) -> dict[str, Tensor]:
    """How often each class of the balancing heads is drawn: float32 [columns], summing to 1."""
    out = {}
    for head in heads:
        if head.balance:
            known = np.isfinite(targets[head.name]).all(axis=1)
            share = (chance[known, None] * targets[head.name][known]).sum(axis=0)
            if not share.sum():
                share = np.ones_like(share)  # none of its classes is drawn: there is nothing to balance
            out[head.name] = torch.from_numpy(np.maximum(share / share.sum(), 1e-4).astype(np.float32))
    return out
