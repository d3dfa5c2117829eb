"""Somebody's VGG-16 from its state dict: thirteen convolutions in a documented layout, and a head."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from export.fold import fold
from models.data.readers import DataError
from models.data.wording import named
from models.networks.vgg_face_au import BLOCKS

PLACES = [(block, layer) for block, widths in enumerate(BLOCKS, 1) for layer in range(1, len(widths) + 1)]
"""Block and number of each convolution, as VGG's authors count."""
LAST_OF_BLOCK = [index for index, (block, n) in enumerate(PLACES) if n == len(BLOCKS[block - 1])]
HEAD = re.compile(r"(?:\w+\.)*?(?:(?:classifier|head|fc|fc_?\d|action_unit_head)(?:\.\d+)?)\.(?:weight|bias)")
STATISTICS = ("weight", "bias", "running_mean", "running_var")
LAYOUTS = (
    "torchvision's (features.0.weight, ..., with or without batch normalisation) or VGG-Face's "
    "(conv1_1.weight, ..., bn1_1 where there is batch normalisation), and for the head fully connected "
    "layers named classifier, head, fc, or fc6 to fc8"
)


@dataclass(frozen=True)
class _Names:
    """Names of one layout: of the convolutions, and of the batch normalisation behind each, if any."""

    convolutions: list[str]
    norms: list[str]


class Vgg(nn.Module):
    """float32 [1, C, S, S], normalised -> what the head says: float32 [1, K]."""

    def __init__(self, features: nn.Sequential, pooling: str, head: nn.Sequential) -> None:
        super().__init__()
        self.features, self.pooling, self.head = features, pooling, head

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)
        if self.pooling == "mean":
            x = x.mean(dim=(2, 3))
        elif self.pooling == "max":
            x = torch.nn.functional.max_pool2d(x, x.shape[2:]).flatten(1)
        else:
            x = x.flatten(1)
        out: Tensor = self.head(x)
        return out


def build(
    tensors: Mapping[str, Tensor],
    path: Path,
    side: int,
    channels: int,
    columns: int,
    pooling: str,
    last_pool: bool,
) -> Vgg:
    """The net of a state dict, batch normalisation folded.

    side: of the picture in pixels. channels: that the first convolution reads. columns: answers of the
    head. pooling: "mean" or "max", where the head reads pooled features; a head that reads the whole
    grid needs none. Raises DataError with every name and shape that does not fit.
    """
    names = _names(tensors)
    head = _head_names(tensors)
    expected = {f"{stem}.weight" for stem in (*names.convolutions, *head)} | {f"{stem}.bias" for stem in head}
    if not names.norms:
        expected |= {f"{stem}.bias" for stem in names.convolutions}
    expected |= {f"{stem}.{leaf}" for stem in names.norms for leaf in STATISTICS}
    optional = {f"{stem}.bias" for stem in names.convolutions}
    missing = sorted(expected - set(tensors), key=_numbered)
    if not head:
        missing.append(f"a head of {columns} outputs (classifier, head, fc or fc8)")
    faults = [f"missing {named(missing)}"] if missing else []
    more = sorted(set(tensors) - expected - optional, key=_numbered)
    if more:
        faults.append(f"superfluous {named(more)}")
    if not missing:
        grid = side // (32 if last_pool else 16)
        faults += _wrong_shapes(tensors, names, head, channels, columns, grid)
    if faults:
        raise DataError(
            f"{path} is no VGG-16 of a layout that is read: {'; '.join(faults)}; read are {LAYOUTS}"
        )
    features = _features(tensors, names, last_pool, channels)
    layers = _head(tensors, head)
    first = layers[0]
    assert isinstance(first, nn.Linear)
    width = tensors[f"{names.convolutions[-1]}.weight"].shape[0]
    return Vgg(features, pooling if first.in_features == width else "none", layers).eval()


def _names(tensors: Mapping[str, Tensor]) -> _Names:
    """The layout that most names of the file are of."""
    prefix = next((m[1] for name in tensors if (m := re.match(r"((?:\w+\.)*?)features\.\d+\.", name))), None)
    if prefix is not None:
        stems = {m[1] for name in tensors if (m := re.match(r".*features\.(\d+)\.running_mean$", name))}
        places = _torchvision(bool(stems))
        return _Names(
            [f"{prefix}features.{n}" for n in places], [f"{prefix}features.{n + 1}" for n in places if stems]
        )
    prefix = next((m[1] for name in tensors if (m := re.match(r"((?:\w+\.)*?)conv\d_\d\.", name))), "")
    normed = any(re.search(r"bn\d_\d\.running_mean$", name) for name in tensors)
    return _Names(
        [f"{prefix}conv{block}_{n}" for block, n in PLACES],
        [f"{prefix}bn{block}_{n}" for block, n in PLACES if normed],
    )


def _torchvision(normed: bool) -> list[int]:
    """Numbers of the convolutions in torchvision's `features`."""
    found, number = [], 0
    for index in range(len(PLACES)):
        found.append(number)
        number += (3 if normed else 2) + (index in LAST_OF_BLOCK)
    return found


def _head_names(tensors: Mapping[str, Tensor]) -> list[str]:
    return sorted({name.rpartition(".")[0] for name in tensors if HEAD.fullmatch(name)}, key=_numbered)


def _wrong_shapes(
    tensors: Mapping[str, Tensor], names: _Names, head: Sequence[str], channels: int, columns: int, grid: int
) -> list[str]:
    faults: list[str] = []

    def need(name: str, *shape: int) -> None:
        value = tensors.get(name)
        if value is not None and tuple(value.shape) != shape:
            faults.append(f"{name} is {tuple(value.shape)}, not {shape}")

    width = channels
    for index, stem in enumerate(names.convolutions):
        out = tensors[f"{stem}.weight"].shape[0] if tensors[f"{stem}.weight"].dim() else 0
        need(f"{stem}.weight", out, width, 3, 3)
        need(f"{stem}.bias", out)
        for leaf in STATISTICS if names.norms else ():
            need(f"{names.norms[index]}.{leaf}", out)
        width = out
    for number, stem in enumerate(head):
        weight = tensors[f"{stem}.weight"].flatten(1)
        out, into = weight.shape
        whole = width * grid * grid
        if number:
            need(f"{stem}.weight", out, width)
        elif into not in (width, whole):
            faults.append(
                f"{stem}.weight reads {into} features, but the last convolution gives {width}, or {whole} in "
                f"all its {grid} x {grid} cells: image_size or last_pool is not that of the training"
            )
        need(f"{stem}.bias", out)
        width = out
    if width != columns:
        faults.append(f"{head[-1]} gives {width} answers, but action_units names {columns}")
    return faults


def _features(tensors: Mapping[str, Tensor], names: _Names, last_pool: bool, channels: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for index, stem in enumerate(names.convolutions):
        weight, bias = tensors[f"{stem}.weight"], tensors.get(f"{stem}.bias")
        conv = nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1, bias=bias is not None)
        conv.load_state_dict({"weight": weight} if bias is None else {"weight": weight, "bias": bias})
        layers.append(conv)
        if names.norms:
            norm = nn.BatchNorm2d(weight.shape[0])
            norm.load_state_dict(
                {leaf: tensors[f"{names.norms[index]}.{leaf}"] for leaf in STATISTICS}, strict=False
            )
            layers.append(norm)
        layers.append(nn.ReLU())
        if index in LAST_OF_BLOCK and (last_pool or index != LAST_OF_BLOCK[-1]):
            layers.append(nn.MaxPool2d(2))
    sample = torch.linspace(-2, 2, channels * 48 * 48).view(1, channels, 48, 48)
    return fold([layer.eval() for layer in layers], sample)


def _head(tensors: Mapping[str, Tensor], head: Sequence[str]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for stem in head:
        # VGG-Face's ports keep the first as a convolution over the whole grid: the same numbers in a row.
        weight = tensors[f"{stem}.weight"].flatten(1)
        linear = nn.Linear(weight.shape[1], weight.shape[0])
        linear.load_state_dict({"weight": weight, "bias": tensors[f"{stem}.bias"]})
        layers += [linear, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def _numbered(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]
