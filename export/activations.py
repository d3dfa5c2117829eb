"""How large a net's numbers grow: what FP16 cannot hold must be found before a device finds it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from export.errors import ExportError

LIMIT = 65504.0
"""Largest number of FP16 (IEEE 754 binary16)."""


@torch.no_grad()
def peaks(net: nn.Module, images: npt.NDArray[np.float32]) -> dict[str, float]:
    """Largest magnitude that each layer takes or gives, in the order in which they run.

    images: float32 [N, 3, S, S]. Keys are the layers' names in the net and "input of NAME" for
    what reaches a layer; operations that stand in forward() are seen where they reach a layer.
    """
    found: dict[str, float] = {}

    def note(name: str, value: Any) -> None:
        if isinstance(value, Tensor):
            # numpy's maximum keeps what is no number; Python's max() may drop it.
            found[name] = float(np.maximum(found.get(name, 0.0), value.abs().max().numpy()))

    handles = []
    for name, layer in net.named_modules():
        if next(layer.children(), None) is None:
            handles.append(layer.register_forward_pre_hook(lambda _, x, n=name: note(f"input of {n}", x[0])))
            handles.append(layer.register_forward_hook(lambda _, __, y, n=name: note(n, y)))
    try:
        for image in images:
            note("output of the net", net(torch.from_numpy(image[None])))
    finally:
        for handle in handles:
            handle.remove()
    return found


def require_fp16(found: dict[str, float]) -> tuple[str, float]:
    """The layer that grows largest. Raises ExportError with every layer that FP16 cannot hold."""
    beyond = {name: peak for name, peak in found.items() if not peak <= LIMIT}
    if beyond:
        layers = ", ".join(f"{name} ({peak:,.0f})" for name, peak in beyond.items())
        raise ExportError(
            f"FP16 ends at {LIMIT:,.0f}, and on the golden crops the net goes beyond it in {layers}: "
            "normalise its input or train it with batch normalisation"
        )
    return max(found.items(), key=lambda item: item[1])
