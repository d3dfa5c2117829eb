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

from models.data.readers import DataError, cause
from models.networks.build import NETWORKS
from models.networks.emotion_stage import EmotionStage
from models.networks.face_net import UNITS, FaceNet

Float32 = npt.NDArray[np.float32]


class DeployedNet(nn.Module):
    """float32 [N, 3, S, S] in 0..255 -> float32 [N, K] action-unit log-odds."""

    mean: Tensor
    scale: Tensor

    def __init__(self, features: nn.Sequential, head: nn.Linear) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(1, 3, 1, 1))
        self.register_buffer("scale", torch.ones(1, 3, 1, 1))
        self.features = features
        self.action_unit_head = head

    def forward(self, image: Tensor) -> Tensor:
        features = self.features((image - self.mean) * self.scale)
        out: Tensor = self.action_unit_head(features.mean(dim=(2, 3)))
        return out


@dataclass(eq=False)
class Released:
    """A released checkpoint: the net, the second stage, and what must be known of both.

    stage: the arrays of edge.emotions.EmotionStage, float32. facts: plain data (name, version,
    network, image_size, first_pool, action_units, emotions, unsure_below, provenance, figures).
    """

    net: DeployedNet
    stage: dict[str, Float32]
    facts: dict[str, Any] = field(default_factory=dict)


def fold(net: FaceNet, thresholds: Float32) -> DeployedNet:
    """The trained net with its batch normalisation folded and its units shifted by `thresholds`."""
    net = net.eval()
    trained = net.heads[UNITS]
    assert isinstance(trained, nn.Linear)
    head = nn.Linear(trained.in_features, trained.out_features)
    with torch.no_grad():
        out = DeployedNet(net.deployed_layers(), head)
        out.mean.copy_(net.mean)
        out.scale.copy_(net.scale)
        head.weight.copy_(trained.weight)
        head.bias.copy_(trained.bias - torch.from_numpy(thresholds))
    return out.eval()


def shifted_stage(net: FaceNet, thresholds: Float32, temperature: float) -> dict[str, Float32]:
    """The emotion stage for shifted units: it computes what it computed before the shift."""
    stage = net.heads["emotions"]
    assert isinstance(stage, EmotionStage)
    weight: Float32 = stage.hidden.weight.detach().numpy()
    return {
        "hidden_weight": weight.copy(),
        "hidden_bias": (stage.hidden.bias.detach().numpy() + weight @ thresholds).astype(np.float32),
        "output_weight": stage.output.weight.detach().numpy() / np.float32(temperature),
        "output_bias": stage.output.bias.detach().numpy() / np.float32(temperature),
    }


def save(released: Released, path: Path) -> None:
    """Write a safetensors file, weights in half precision (what FP16 devices run anyway)."""
    tensors = {f"net.{k}": v.half().contiguous() for k, v in released.net.state_dict().items()}
    tensors |= {f"stage.{k}": torch.from_numpy(v.copy()) for k, v in released.stage.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, {"facecue": json.dumps(released.facts, ensure_ascii=False, sort_keys=True)})


def is_released(path: Path) -> bool:
    """Whether a file is what `save` writes, as far as its head tells."""
    try:
        with safe_open(path, framework="pt") as archive:
            return "facecue" in (archive.metadata() or {})
    except (SafetensorError, OSError):
        return False


def load(path: Path) -> Released:
    """Read what `save` wrote. Raises DataError."""
    try:
        with safe_open(path, framework="pt") as archive:
            metadata = archive.metadata() or {}
            tensors = {k: archive.get_tensor(k) for k in archive.keys()}  # noqa: SIM118
        facts = json.loads(metadata["facecue"])
        head = tensors["net.action_unit_head.weight"]
        if len(head) != len(facts["action_units"]):
            raise ValueError(f"{len(head)} units in the weights, {len(facts['action_units'])} named")
        # Version 0.1.0 did not say: there was one network.
        layers = NETWORKS[facts.get("network", "vgg16")].empty_layers(int(facts["first_pool"]))
        net = DeployedNet(layers, nn.Linear(head.shape[1], head.shape[0]))
        net.load_state_dict({k[4:]: v.float() for k, v in tensors.items() if k.startswith("net.")})
        stage = {k[6:]: v.numpy() for k, v in tensors.items() if k.startswith("stage.")}
    except FileNotFoundError as error:
        raise DataError(f"there is no checkpoint {path}") from error
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise DataError(f"{path} is no checkpoint of facecue train ({cause(error)})") from error
    return Released(net.eval(), stage, facts)
