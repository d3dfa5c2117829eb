"""Batch normalisation folded into the convolutions before it, so that the device does not run it."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.fusion import fuse_conv_bn_eval

from export.errors import ExportError, Mismatch, ParityError

RELATIVE_DIFFERENCE = 1e-4
"""Allowed between the layers and the folded layers, relative to the largest output."""


@torch.no_grad()
def fold(layers: Sequence[nn.Module], sample: Tensor) -> nn.Sequential:
    """A copy of layers that run one after the other, batch normalisation folded away.

    layers: each batch normalisation is in evaluation mode and right behind a convolution.
    sample: float32, what the first layer takes; both versions are run on it. Raises ExportError
    if a batch normalisation cannot be folded, ParityError if the outputs differ.
    """
    folded: list[nn.Module] = []
    for position, layer in enumerate(layers):
        if not isinstance(layer, _BatchNorm):
            folded.append(copy.deepcopy(layer).eval())
            continue
        if layer.training:
            raise ExportError(f"layer {position} is in training mode: call eval() on the net first")
        conv = folded.pop() if folded else None
        if not isinstance(conv, nn.Conv2d) or not isinstance(layer, nn.BatchNorm2d):
            raise ExportError(f"the batch normalisation at layer {position} follows no convolution")
        # In float64, so that the result does not hang on the processor's rounding.
        folded.append(fuse_conv_bn_eval(conv.double(), copy.deepcopy(layer).double()).float())
    result = nn.Sequential(*folded).eval()
    _require_equal(nn.Sequential(*layers), result, sample)
    return result


def _require_equal(before: nn.Module, after: nn.Module, sample: Tensor) -> None:
    # The first layer may work in place.
    wanted, got = before(sample.clone()), after(sample.clone())
    difference = float((wanted - got).abs().max() / wanted.abs().max().clamp(min=1e-12))
    if not difference <= RELATIVE_DIFFERENCE:
        raise ParityError([Mismatch("folded", "relative difference", difference, RELATIVE_DIFFERENCE)])
