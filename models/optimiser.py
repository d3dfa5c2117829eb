"""How the weights move: groups with rates of their own, and the schedule of a stage."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from models.networks.face_net import FaceNet
from models.recipe import Recipe, Stage


def make(net: FaceNet, stage: Stage, recipe: Recipe) -> torch.optim.Optimizer:
    """An optimiser over everything that is not frozen."""
    groups = _groups(net, stage, recipe)
    if recipe.optimiser.kind == "sgd":
        return torch.optim.SGD(
            groups, momentum=recipe.optimiser.momentum, nesterov=recipe.optimiser.momentum > 0
        )
    return torch.optim.AdamW(groups, betas=(0.9, 0.98))


def set_rate(optimiser: torch.optim.Optimizer, step: int, steps: int, stage: Stage) -> None:
    """Bring every group to its rate at this step."""
    share = rate(step, steps, stage)
    for group in optimiser.param_groups:
        group["lr"] = group["peak"] * share


def rate(step: int, steps: int, stage: Stage) -> float:
    """Share of the peak rate: a rise over `warm_up`, then the fall of the schedule."""
    warm = max(1, int(steps * stage.warm_up))
    if step < warm:
        return (step + 1) / warm
    done = (step - warm) / max(1, steps - warm)
    if stage.schedule == "constant":
        return 1.0
    fall = 1.0 - done if stage.schedule == "linear" else 0.5 * (1 + math.cos(math.pi * done))
    return 0.01 + 0.99 * fall


@torch.no_grad()
def follow(average: nn.Module, net: nn.Module, decay: float) -> None:
    """Move the averaged weights a little towards the net's (Polyak & Juditsky 1992)."""
    for ours, theirs in zip(average.state_dict().values(), net.state_dict().values()):
        if ours.dtype.is_floating_point:
            ours.lerp_(theirs, 1.0 - decay)
        else:
            ours.copy_(theirs)


def _groups(net: FaceNet, stage: Stage, recipe: Recipe) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = []
    for index, block in enumerate(net.blocks):
        if index >= stage.freeze_blocks:
            peak = stage.learning_rate * net.GENTLE.get(index, 1.0)
            groups.append({"params": list(block.parameters()), "peak": peak})
    groups.append(
        {"params": list(net.heads.parameters()), "peak": stage.learning_rate * recipe.optimiser.head_rate}
    )
    for group in groups:
        group.update(lr=group["peak"], weight_decay=recipe.optimiser.weight_decay)
    return groups
