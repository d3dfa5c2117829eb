"""Starting weights for the VGG-16 convolutions: ImageNet's, or VGG-Face when a user has it."""

from __future__ import annotations

import io
import pickle
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file
from torch import nn
from torch.nn.functional import max_pool2d

from models.data.readers import DataError, cause
from models.networks.face_net import FaceNet
from models.networks.vgg_face_au import VggFaceAu

Float32 = npt.NDArray[np.float32]


UNREADABLE = (
    *(pickle.UnpicklingError, SafetensorError, OSError, EOFError, RuntimeError),
    *(ValueError, AttributeError, TypeError, LookupError, ImportError, MemoryError, struct.error),
)
"""What reading a file of weights may raise when it holds other bytes."""


@dataclass(frozen=True)
class Normalisation:
    """What a published net expects of its input: (value - mean) * scale, per channel."""

    mean: tuple[float, float, float]
    scale: tuple[float, float, float]


IMAGENET = Normalisation(
    mean=(0.485 * 255, 0.456 * 255, 0.406 * 255),
    scale=(1 / (0.229 * 255), 1 / (0.224 * 255), 1 / (0.225 * 255)),
)
"""torchvision's VGG-16 (RGB)."""
VGG_FACE = Normalisation(mean=(129.1863, 104.7624, 93.5940), scale=(1.0, 1.0, 1.0))
"""Parkhi et al. 2015 (means given as R, G, B; the published ports store BGR filters)."""


class _AllowList(pickle.Unpickler):
    """A pickle may run any code; this one may build numpy arrays and nothing else."""

    allowed: ClassVar = {
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("collections", "OrderedDict"),
        ("_codecs", "encode"),
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.allowed:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a weights file")
        return super().find_class(module, name)


def read(path: Path) -> list[tuple[Float32, Float32]]:
    """The thirteen convolutions of a VGG-16 file: (weight [O, I, 3, 3], bias [O]) each.

    Accepts torchvision's layout (`features.0.weight`), VGG-Face's (`conv1_1.weight`) and Flax's
    (`Conv_0.kernel`, height and width first), as safetensors, as a torch state dict or as a
    pickle of numpy arrays. Raises DataError.
    """
    tensors = _tensors(path)
    found = []
    # By the numbers in the names: safetensors and Flax keep "Conv_10" before "Conv_2".
    for name, value in sorted(tensors.items(), key=lambda item: _numbered(item[0])):
        stem, _, leaf = name.rpartition(".")
        bias = tensors.get(f"{stem}.bias")
        if leaf == "kernel" and value.ndim == 4 and value.shape[:2] == (3, 3):
            found.append((value.transpose(3, 2, 0, 1), bias))
        elif leaf == "weight" and value.ndim == 4 and value.shape[2:] == (3, 3):
            found.append((value, bias))
    if len(found) != 13 or any(b is None for _, b in found):
        raise DataError(f"{path}: expected 13 3x3 convolutions with biases (VGG-16), found {len(found)}")
    return [(np.asarray(w, np.float32), np.asarray(b, np.float32)) for w, b in found if b is not None]


def start(net: FaceNet, path: Path, bgr: bool = False) -> str:
    """Fill what a file holds for this net; returns what kind of file it was.

    `net.pt` of another run: every weight that has the same name and shape ("run"); else the
    convolutions of VGG-16 ("imagenet", "vgg-face"). Raises DataError.
    """
    weights = run_weights(path) if path.suffix == ".pt" else None
    if weights is not None:
        return _from_run(net, path, weights)
    if not isinstance(net, VggFaceAu):
        raise DataError(f"{path} is no net.pt of another run, and this network has no other starting weights")
    return load(net, path, bgr)


def run_weights(path: Path) -> dict[str, torch.Tensor] | None:
    """What `net.pt` of a run holds; None if the file is of somebody else. Raises DataError."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except UNREADABLE as error:
        raise DataError(f"{path} is not a weights file that can be read safely ({cause(error)})") from error
    if not isinstance(state, dict) or not {"net", "recipe"} <= set(state):
        return None
    weights: dict[str, torch.Tensor] = state["net"]
    return weights


def _from_run(net: FaceNet, path: Path, state: dict[str, torch.Tensor]) -> str:
    own = net.state_dict()
    known = {k: v for k, v in state.items() if k in own and own[k].shape == v.shape}
    blocks = {k for k in own if k.startswith("blocks.")}
    if not blocks <= set(known):
        raise DataError(f"{path} is of another network than the recipe's")
    net.load_state_dict(known, strict=False)
    return "run"


def load(net: VggFaceAu, path: Path, bgr: bool = False) -> str:
    """Fill the net's convolutions from a file; returns "imagenet" or "vgg-face".

    The two differ in their input: VGG-Face takes 0..255 minus its means, ImageNet's nets about
    -2..2, so VGG-Face's first filters are some fifty times smaller. The difference in mean and
    scale is moved into the first convolution. bgr: the file's first filters read blue first.
    """
    filters = read(path)
    pairs = net.convolutions()
    for (weight, _), (conv, _) in zip(filters, pairs):
        if weight.shape != tuple(conv.weight.shape):
            raise DataError(f"{path}: a convolution is {weight.shape}, VGG-16 has {tuple(conv.weight.shape)}")
    first = float(np.abs(filters[0][0]).max())
    kind, source = ("vgg-face", VGG_FACE) if first < 0.1 else ("imagenet", IMAGENET)
    mean, scale = np.array(source.mean), np.array(source.scale)
    if bgr:
        mean, scale = mean[::-1], scale[::-1]
    weight, bias = filters[0]
    ours_mean = net.mean.numpy().reshape(3)
    ours_scale = net.scale.numpy().reshape(3)
    offset = (weight.sum(axis=(2, 3)) * (scale * (ours_mean - mean))).sum(axis=1)
    filters[0] = (
        (weight * (scale / ours_scale)[None, :, None, None]).astype(np.float32),
        (bias + offset).astype(np.float32),
    )
    with torch.no_grad():
        for (weight, bias), (conv, _) in zip(filters, pairs):
            conv.weight.copy_(torch.from_numpy(weight))
            assert conv.bias is not None
            conv.bias.copy_(torch.from_numpy(bias))
    return kind


@torch.no_grad()
def preserve(net: VggFaceAu, images: torch.Tensor) -> None:
    """Set every batch normalisation so that the net computes what it computed without them.

    images: float32 [N, 3, H, W], a few hundred real crops. Standardising instead would blow up
    channels that are nearly dead at 48 px (to 118 standard deviations).
    """
    x = (images - net.mean) * net.scale
    for index, block in enumerate(net.blocks):
        if index:
            x = max_pool2d(x, net.first_pool if index == 1 else 2)
        for layer in block.children():
            if isinstance(layer, nn.BatchNorm2d):
                mean, variance = x.mean(dim=(0, 2, 3)), x.var(dim=(0, 2, 3))
                assert layer.running_mean is not None and layer.running_var is not None
                layer.running_mean.copy_(mean)
                layer.running_var.copy_(variance)
                layer.weight.copy_(torch.sqrt(variance + layer.eps))
                layer.bias.copy_(mean)
                x = layer.eval()(x)
                layer.train()
            else:
                x = layer(x)


def _numbered(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]


def _tensors(path: Path) -> dict[str, npt.NDArray[Any]]:
    if not path.is_file():
        raise DataError(f"{path} is missing: see docs/training.md for where to get starting weights")
    try:
        if path.suffix == ".safetensors":
            return dict(load_file(path))
        if path.suffix in {".pt", ".pth"}:
            state = torch.load(path, map_location="cpu", weights_only=True)
            return {k: v.float().numpy() for k, v in state.items()}
        state = _AllowList(io.BytesIO(path.read_bytes())).load()
        return dict(_flatten(state))
    except UNREADABLE as error:
        raise DataError(f"{path} is not a weights file that can be read safely ({cause(error)})") from error


def _flatten(tree: Any, path: str = "") -> Iterator[tuple[str, npt.NDArray[Any]]]:
    for name, value in tree.items():
        full = f"{path}.{name}" if path else str(name)
        if hasattr(value, "items"):
            yield from _flatten(value, full)
        else:
            yield full, np.asarray(value)
