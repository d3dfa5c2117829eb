"""How large a net's numbers grow: what FP16 cannot hold must be found before a device finds it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

from export.errors import ExportError

LIMIT = 65504.0
"""Largest number of FP16 (IEEE 754 binary16)."""
NEAR = LIMIT / 4
"""From here on another face, or sums that a device adds up in FP16, may reach the limit."""
KEPT = 10
"""Layers that a card names."""


@torch.no_grad()
def peaks(net: nn.Module, images: npt.NDArray[np.float32]) -> dict[str, float]:
    """Largest magnitude that each layer takes or gives, in the order in which they run.

    images: float32 [N, 3, S, S]. Keys are the layers' names in the net and "input of NAME" for
    what reaches a layer; operations that stand in forward() are seen where they reach a layer.
    Of a TorchScript net, which lets nobody look into its layers, they are its operators in turn.
    """
    if any(isinstance(module, torch.jit.ScriptModule) for module in net.modules()):
        return _peaks_of_operators(net, images)
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


def near_limit(found: Mapping[str, float]) -> list[str]:
    """A warning for what FP16 can hold today and perhaps not on another face; usually none."""
    close = {name: peak for name, peak in found.items() if NEAR < peak <= LIMIT}
    if not close:
        return []
    layers = ", ".join(f"{name} ({peak:,.0f})" for name, peak in largest(close).items())
    return [f"more than a quarter of what FP16 can hold ({LIMIT:,.0f}) is reached in {layers}"]


def largest(found: Mapping[str, float], count: int = KEPT) -> dict[str, float]:
    """The layers that grow largest, the largest first, to four significant digits: for the card.

    What reaches a layer is named only where no layer gave it.
    """
    given = {peak for name, peak in found.items() if not name.startswith("input of ")}
    own = {
        name: peak for name, peak in found.items() if not name.startswith("input of ") or peak not in given
    }
    ranked = sorted(own.items(), key=lambda item: -item[1])[:count]
    return {name: float(f"{peak:.4g}") for name, peak in ranked}


@torch.no_grad()
def fp16_logits(net: nn.Module, images: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """What the net would answer if weights and every intermediate result were FP16.

    images: float32 [N, 3, S, S] -> float32 [N, K]. Every operator's inputs and results are rounded
    to binary16; inside an operator it counts in float32, as devices with wide accumulators do. What
    FP16 cannot hold becomes infinite, as there.
    """
    with _Rounded():  # type: ignore[no-untyped-call]
        return np.concatenate([net(torch.from_numpy(image[None])).numpy() for image in images])


class _Rounded(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Every operator of torch, its floating numbers rounded to FP16 before and after."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        del types
        if func.is_view:
            return func(*args, **(kwargs or {}))
        if func._schema.is_mutable:
            # The result is a tensor that others hold too: it must stay the same one.
            out = func(*args, **(kwargs or {}))
            if isinstance(out, Tensor) and out.dtype == torch.float32:
                out.copy_(_half(out))
            return out
        return tree_map(_half, func(*tree_map(_half, args), **tree_map(_half, kwargs or {})))


def _half(value: Any) -> Any:
    return value.half().float() if isinstance(value, Tensor) and value.dtype == torch.float32 else value


def _peaks_of_operators(net: nn.Module, images: npt.NDArray[np.float32]) -> dict[str, float]:
    found: dict[str, float] = {}
    for image in images:
        mode = _Watched(found)
        with mode:
            net(torch.from_numpy(image[None]))
    return found


class _Watched(TorchDispatchMode):
    """Notes the largest magnitude of every operator's result, by its place in the order."""

    def __init__(self, found: dict[str, float]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._found = found
        self._count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        del types
        out = func(*args, **(kwargs or {}))
        result = out[0] if isinstance(out, tuple) else out
        if isinstance(result, Tensor) and result.is_floating_point() and not func.is_view:
            name = f"operator {self._count} ({func._schema.name.removeprefix('aten::').strip('_')})"
            self._found[name] = float(
                np.maximum(self._found.get(name, 0.0), result.abs().max().numpy() if result.numel() else 0.0)
            )
            self._count += 1
        return out
