"""The net as it is released: batch normalisation folded, training heads gone, FP16 weights."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from export.fold import fold as fold_layers
from models.data.readers import DataError, cause
from models.networks.vgg_face_au import BLOCKS, VggFaceAu

Float32 = npt.NDArray[np.float32]


class DeployedVgg(nn.Module):
    """float32 [N, 3, S, S] in 0..255 -> float32 [N, K] action-unit log-odds."""

    mean: Tensor
    scale: Tensor

    def __init__(self, units: int, first_pool: int = 2) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(1, 3, 1, 1))
        self.register_buffer("scale", torch.ones(1, 3, 1, 1))
        channels = 3
        layers: list[nn.Module] = []
        for number, widths in enumerate(BLOCKS):
            if number:
                layers.append(nn.MaxPool2d(first_pool if number == 1 else 2))
            for width in widths:
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
                channels = width
        self.features = nn.Sequential(*layers)
        self.action_unit_head = nn.Linear(channels, units)

    def forward(self, image: Tensor) -> Tensor:
        features = self.features((image - self.mean) * self.scale)
        out: Tensor = self.action_unit_head(features.mean(dim=(2, 3)))
        return out

    def convolutions(self) -> list[nn.Conv2d]:
        return [m for m in self.features if isinstance(m, nn.Conv2d)]


@dataclass(eq=False)
class Released:
    """A released checkpoint: the net, the second stage, and what must be known of both.

    stage: the four arrays of edge.emotions.EmotionStage, float32. facts: plain data (name,
    version, image_size, action_units, emotions, unsure_below, provenance, figures).
    """

    net: DeployedVgg
    stage: dict[str, Float32]
    facts: dict[str, Any] = field(default_factory=dict)


def fold(net: VggFaceAu, thresholds: Float32) -> DeployedVgg:
    """The trained net with its batch normalisation folded and its units shifted by `thresholds`."""
    net = net.eval()
    layers: list[nn.Module] = []
    for number, block in enumerate(net.blocks):
        if number:
            layers.append(nn.MaxPool2d(net.first_pool if number == 1 else 2))
        layers += list(block.children())
    out = DeployedVgg(net.action_unit_head.out_features, net.first_pool)
    with torch.no_grad():
        out.mean.copy_(net.mean)
        out.scale.copy_(net.scale)
        out.features = fold_layers(layers, torch.linspace(-2, 2, 3 * 48 * 48).view(1, 3, 48, 48))
        out.action_unit_head.weight.copy_(net.action_unit_head.weight)
        out.action_unit_head.bias.copy_(net.action_unit_head.bias - torch.from_numpy(thresholds))
    return out.eval()


def shifted_stage(net: VggFaceAu, thresholds: Float32, temperature: float) -> dict[str, Float32]:
    """The emotion stage for shifted units: it computes what it computed before the shift."""
    stage = net.emotion_stage
    weight = stage.hidden.weight.detach().numpy()
    return {
        "hidden_weight": weight.copy(),
        "hidden_bias": stage.hidden.bias.detach().numpy() + weight @ thresholds,
        "output_weight": stage.output.weight.detach().numpy() / np.float32(temperature),
        "output_bias": stage.output.bias.detach().numpy() / np.float32(temperature),
    }


def save(released: Released, path: Path) -> None:
    """Write a safetensors file, weights in half precision (what FP16 devices run anyway)."""
    tensors = {f"net.{k}": v.half().contiguous() for k, v in released.net.state_dict().items()}
    tensors |= {f"stage.{k}": torch.from_numpy(v.copy()) for k, v in released.stage.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, {"facecue": json.dumps(released.facts, ensure_ascii=False, sort_keys=True)})


def load(path: Path) -> Released:
    """Read what `save` wrote. Raises DataError."""
    try:
        with safe_open(path, framework="pt") as archive:
            metadata = archive.metadata() or {}
            tensors = {k: archive.get_tensor(k) for k in archive.keys()}  # noqa: SIM118
        facts = json.loads(metadata["facecue"])
        net = DeployedVgg(len(facts["action_units"]), int(facts["first_pool"]))
        net.load_state_dict({k[4:]: v.float() for k, v in tensors.items() if k.startswith("net.")})
        stage = {k[6:]: v.numpy() for k, v in tensors.items() if k.startswith("stage.")}
    except FileNotFoundError as error:
        raise DataError(f"there is no checkpoint {path}") from error
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise DataError(f"{path} is no checkpoint of facecue train ({cause(error)})") from error
    return Released(net.eval(), stage, facts)
