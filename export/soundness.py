"""Whether a net can be what its request says, before anything slow begins.

A picture that reaches a net on another scale than in training is the best known reason for answers that
are wrong on every device alike: no comparison with torch can find it, because torch is wrong as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from export import activations, runners
from export.errors import ExportError

Float32 = npt.NDArray[np.float32]

MOST_TIMES_BIAS = 50.0
"""What the first layer makes of a face may be so many times its biases.

Measured on the golden crops: 1.5 to 1.8 for both released nets and for ImageNet's VGG-16; 85 to 120
where mean and scale or the scale alone are missing, 500 where a net for 0..1 is fed 255 times as much;
30 for a net that was trained for two steps, whose biases are small by birth.
"""
MOST_TIMES_STATISTICS = 8.0
"""... and so many times what its batch normalisation met in training (or so many times smaller)."""
SATURATED = 16.0
"""Log-odds beyond this are a probability that float32 cannot tell from 0 or 1."""
LEAST_DEVIATION = 0.02
"""If every unit's log-odds vary less than this from face to face, the net does not look at the face."""
LOOKED_AT = 12
"""Golden faces for the first layer: its mean square hardly differs from face to face."""

REMEDY = (
    "give the net the mean and the divisor it was trained with (a net trained on 0..1 divides by 255, "
    "others take off a mean and divide by a deviation of about 57)"
)


@dataclass(frozen=True)
class Soundness:
    """What was found of a net that may be exported.

    peak: the layer that grows largest, and how large. largest: the ten largest, for the card.
    warnings: what a person should know, a sentence each.
    """

    peak: tuple[str, float]
    largest: Mapping[str, float]
    warnings: tuple[str, ...]


def require_sound(net: nn.Module, images: Float32, large_input: bool = False) -> Soundness:
    """Run the net on the golden faces and raise ExportError with everything that speaks against it.

    images: float32 [N, 3, S, S] in 0..255. large_input: somebody vouches that the net was trained on
    numbers as large as 0..255.
    """
    found = activations.peaks(net, images)
    faults = [] if large_input else _input_faults(net, images)
    peak = ("", 0.0)
    try:
        peak = activations.require_fp16(found)
    except ExportError as error:
        faults.append(str(error))
    # What follows from the faults above would only hide them.
    faults = faults or _answer_faults(runners.torch_logits(net, images))
    if faults:
        raise ExportError("; ".join(faults))
    return Soundness(peak, activations.largest(found), tuple(activations.near_limit(found)))


def _input_faults(net: nn.Module, images: Float32) -> list[str]:
    first = _first_layer(net, images)
    if first.learned_deviation:
        times = first.deviation / first.learned_deviation
        if not 1 / MOST_TIMES_STATISTICS <= times <= MOST_TIMES_STATISTICS:
            return [
                "the net's input is not normalised as in training: on the golden faces its first layer "
                f"varies {times:.3g} times as much as its batch normalisation has seen there: {REMEDY}"
            ]
    elif first.bias:
        times = first.unbiased / first.bias
        if not times <= MOST_TIMES_BIAS:
            return [
                "the net's input is not normalised: on the golden faces its first layer gives "
                f"{times:.0f} times its biases, where 1 to 5 times is usual: {REMEDY}"
            ]
    return []


def _answer_faults(logits: Float32) -> list[str]:
    if logits.size and float((~(np.abs(logits) <= SATURATED)).mean()) > 0.5:
        return [
            "most answers to the golden faces are log-odds beyond "
            f"{SATURATED:.0f} (the largest {np.abs(logits).max():.3g}), certainty whatever the face: the "
            "net's input is on another scale than in training, or its answers are no log-odds"
        ]
    if len(logits) > 1 and float(logits.std(axis=0).max()) < LEAST_DEVIATION:
        return [
            "the net answers all golden faces alike (log-odds vary by "
            f"{logits.std(axis=0).max():.2g} at most): its input is too small, or weights are missing"
        ]
    return []


@dataclass
class _First:
    """Root mean squares: of the first layer's answers without its biases, of the biases, of the answers'
    deviation from their channel's mean, and of the deviation that batch normalisation remembers. The
    last and the biases are 0 where there are none."""

    unbiased: float = 0.0
    bias: float = 0.0
    deviation: float = 0.0
    learned_deviation: float = 0.0


@torch.no_grad()
def _first_layer(net: nn.Module, images: Float32) -> _First:
    seen: list[_First] = []
    for image in images[:LOOKED_AT]:
        with _Looking() as looking:
            net(torch.from_numpy(image[None]))
        seen.append(looking.first)
    first = seen[0]
    for name in ("unbiased", "deviation"):
        setattr(first, name, float(np.sqrt(np.mean([getattr(one, name) ** 2 for one in seen]))))
    return first


class _Looking(TorchDispatchMode):
    """Sees the first operator with weights, and the batch normalisation right behind it.

    Below the modules, so that nets are seen that are written as functions or come as TorchScript.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.first = _First()
        self._answer: Tensor | None = None

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        del types
        out = func(*args, **(kwargs or {}))
        name = func._schema.name
        if self._answer is None and name in ("aten::convolution", "aten::_convolution", "aten::addmm"):
            bias = args[0] if name == "aten::addmm" else args[2]
            self._answer = out
            self.first.deviation = _rms(
                out - out.mean(dim=[d for d in range(out.dim()) if d != 1], keepdim=True)
            )
            if bias is not None:
                shape = (1, -1) + (1,) * (out.dim() - 2)
                self.first.unbiased, self.first.bias = _rms(out - bias.reshape(shape)), _rms(bias)
        elif "batch_norm" in name and self._answer is not None and args[0] is self._answer:
            variance = args[4]
            if variance is not None:
                self.first.learned_deviation = float(variance.mean().sqrt())
        return out


def _rms(values: Tensor) -> float:
    return float(values.double().pow(2).mean().sqrt())
