"""A net of somebody else, so that it can be exported like ours: grey 0..255 in, log-odds of units out."""

from __future__ import annotations

import importlib
import importlib.util
import math
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from edge import preprocess
from models.data.readers import DataError, cause, load_npz
from models.data.wording import named
from models.net_description import CHANNELS, UNUSED, NetDescription
from models.networks import foreign_vgg, weights_file
from models.networks.initialise import UNREADABLE

LEAST_SHARE = 0.001
"""A probability is taken no nearer to 0 or 1: FP16 could not take its log-odds."""
EXPECTED_DIFFERENCE = 0.01
"""Allowed between a probability here and where the net was trained."""


class ForeignNet(nn.Module):
    """A net with what its description says around it.

    forward: float32 [1, 3, S, S], a grey picture on three channels in 0..255 -> float32 [1, K]
    log-odds, 0 where a unit's threshold is. The pictures are grey, so the order of the channels only
    decides which mean and divisor go with which filters.
    """

    def __init__(self, module: nn.Module, net: NetDescription) -> None:
        super().__init__()
        names = CHANNELS[net.channels]
        # Declared here and not in the class: TorchScript cannot read annotations that are texts.
        self.mean: Tensor
        self.scale: Tensor
        self.chosen: Tensor
        self.shift: Tensor
        self.module = module
        self.channels = len(names)
        self.least_share = LEAST_SHARE
        self.gives_probabilities = net.output == "probabilities"
        self.chooses = UNUSED in net.action_units or bool(net.thresholds)
        # In float64 first: the same numbers as where somebody divided.
        scale = 1.0 / np.array([net.divide_by[name] for name in names])
        self.register_buffer("mean", torch.tensor([net.mean[n] for n in names]).view(1, -1, 1, 1))
        self.register_buffer("scale", torch.tensor(scale, dtype=torch.float32).view(1, -1, 1, 1))
        rows = [i for i, unit in enumerate(net.action_units) if unit != UNUSED]
        self.register_buffer("chosen", torch.eye(len(net.action_units))[rows])
        thresholds = [net.thresholds.get(unit, 0.5) for unit in net.units]
        self.register_buffer("shift", torch.tensor([-math.log(t / (1.0 - t)) for t in thresholds]))

    def answers(self, image: Tensor) -> Tensor:
        """What the net itself says: log-odds of every column."""
        x = image[:, : self.channels]
        out: Tensor = self.module((x - self.mean) * self.scale)
        if self.gives_probabilities:
            share = out.clamp(self.least_share, 1.0 - self.least_share)
            out = torch.log(share) - torch.log(1.0 - share)
        return out

    def forward(self, image: Tensor) -> Tensor:
        out = self.answers(image)
        if self.chooses:
            out = torch.nn.functional.linear(out, self.chosen, self.shift)
        return out


def load(net: NetDescription, weights: Path, folder: Path) -> nn.Module:
    """The net of a description, in evaluation mode. folder: where NET.toml lies.

    Code that `architecture` names is run; a TorchScript file holds code for torch alone. Raises
    DataError with all that does not fit.
    """
    if net.architecture == "vgg16":
        channels = len(CHANNELS[net.channels])
        module: nn.Module = foreign_vgg.build(
            weights_file.read(weights),
            weights,
            net.image_size,
            channels,
            len(net.action_units),
            net.pooling,
            net.last_pool,
        )
    elif net.architecture == "torchscript":
        module = _torchscript(weights)
    else:
        module = _filled(_written(net.architecture, folder), weights)
    found = ForeignNet(module.eval(), net).eval().requires_grad_(False)
    _try(found, net, weights)
    if net.expected:
        require_expected(found, net, folder / net.expected)
    if net.architecture == "torchscript":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            # A script inside an ordinary module cannot be exported, a script around it can.
            script: nn.Module = torch.jit.script(found)
        return script
    return found


@torch.no_grad()
def require_expected(found: ForeignNet, net: NetDescription, path: Path) -> int:
    """Compare a net with its answers where it was trained; returns on how many pictures.

    path: .npz with `images` uint8 [N, H, W], grey faces, and `answers` [N, columns], in the kind of
    numbers that `output` names. Raises DataError if a probability differs by more than
    EXPECTED_DIFFERENCE.
    """
    held = load_npz(path, ("images", "answers"))
    images, wanted = held["images"], held["answers"].astype(np.float64)
    if images.dtype != np.uint8 or images.ndim != 3:
        raise DataError(f"{path}: images is {images.dtype} {images.shape}, not uint8 (N, H, W): grey faces")
    if wanted.shape != (len(images), len(net.action_units)):
        raise DataError(
            f"{path}: answers has the shape {wanted.shape}, not {(len(images), len(net.action_units))}"
        )
    if net.output == "log-odds":
        wanted = _probability(wanted)
    difference = _difference(found, net, images, wanted)
    if not difference <= EXPECTED_DIFFERENCE:
        raise DataError(
            f"{path}: probabilities differ by up to {difference:.3g} from those where the net was trained "
            f"(allowed {EXPECTED_DIFFERENCE}): {_what_differs(found, net, images, wanted)}"
        )
    return len(images)


def _difference(
    found: ForeignNet, net: NetDescription, images: npt.NDArray[np.uint8], wanted: npt.NDArray[np.float64]
) -> float:
    inputs = (preprocess.net_input(image, net.image_size)[None] for image in images)
    ours = np.concatenate([found.answers(torch.from_numpy(x)).numpy() for x in inputs])
    return float(np.abs(_probability(ours.astype(np.float64)) - wanted).max())


def _what_differs(
    found: ForeignNet, net: NetDescription, images: npt.NDArray[np.uint8], wanted: npt.NDArray[np.float64]
) -> str:
    """Which other reading of the channels would agree, if one does."""
    mean, scale = found.mean, found.scale
    tried = {
        f'channels = "{net.channels[::-1]}"': (mean.flip(1), scale.flip(1)),
        "divide_by 255 times as large": (mean, scale / 255),
        "divide_by 255 times as small": (mean, scale * 255),
        "mean 255 times as large": (mean * 255, scale),
    }
    held = mean.clone(), scale.clone()
    try:
        for words, (other_mean, other_scale) in tried.items():
            mean.copy_(other_mean.clone()), scale.copy_(other_scale.clone())
            if _difference(found, net, images, wanted) <= EXPECTED_DIFFERENCE:
                return f"with {words} they agree"
            mean.copy_(held[0]), scale.copy_(held[1])
    finally:
        mean.copy_(held[0]), scale.copy_(held[1])
    return "mean, divide_by, channels, pooling or the pictures themselves are not those of the training"


def _probability(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -30, 30))))


@torch.no_grad()
def _try(found: ForeignNet, net: NetDescription, weights: Path) -> None:
    image = torch.full((1, 3, net.image_size, net.image_size), 128.0)
    wanted = (1, len(net.action_units))
    try:
        answer: Any = found.module((image[:, : found.channels] - found.mean) * found.scale)
    except UNREADABLE as error:
        shape = (1, found.channels, net.image_size, net.image_size)
        raise DataError(f"{weights}: the net does not take a picture {shape} ({cause(error)})") from error
    if not isinstance(answer, Tensor):
        raise DataError(
            f"{weights}: the net answers with {type(answer).__name__}, not with one tensor {wanted}"
        )
    if tuple(answer.shape) != wanted:
        raise DataError(
            f"{weights}: the net answers with {tuple(answer.shape)}, but action_units ask for {wanted}"
        )


def _torchscript(path: Path) -> nn.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            module: nn.Module = torch.jit.load(path, map_location="cpu")  # type: ignore[no-untyped-call]
    except UNREADABLE as error:
        raise DataError(
            f"{path} is no TorchScript file ({cause(error)}): save it with torch.jit.save"
        ) from error
    return module


def _written(architecture: str, folder: Path) -> nn.Module:
    """What somebody's function returns."""
    place, _, function = architecture.partition(":")
    try:
        made = getattr(_module(place, folder), function)()
    # It is somebody else's code: it may raise anything.
    except Exception as error:
        raise DataError(f"architecture: {architecture} gives no net ({cause(error)})") from error
    if not isinstance(made, nn.Module):
        raise DataError(f"architecture: {architecture} gives a {type(made).__name__}, not a torch.nn.Module")
    return made


def _module(place: str, folder: Path) -> ModuleType:
    if not place.endswith(".py"):
        return importlib.import_module(place)
    path = folder / place
    spec = importlib.util.spec_from_file_location(f"facecue_net_{path.stem}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and pickles look their module up by name.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _filled(module: nn.Module, path: Path) -> nn.Module:
    tensors = weights_file.read(path)
    own = {k: v for k, v in module.state_dict().items() if not k.endswith(weights_file.COUNTER)}
    faults = []
    for words, names in (
        ("missing", [n for n in own if n not in tensors]),
        ("superfluous", [n for n in tensors if n not in own]),
    ):
        if names:
            faults.append(f"{words} {named(names)}")
    faults += _shapes(own, tensors)
    if faults:
        raise DataError(f"{path} does not fit the net: {'; '.join(faults)}")
    module.load_state_dict(tensors, strict=False)
    return module


def _shapes(own: dict[str, Tensor], tensors: dict[str, Tensor]) -> Sequence[str]:
    return [
        f"{name} is {tuple(tensors[name].shape)}, not {tuple(value.shape)}"
        for name, value in own.items()
        if name in tensors and tensors[name].shape != value.shape
    ]
