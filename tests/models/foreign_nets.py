"""Nets as somebody else keeps them: VGG-16 in the documented layouts, small enough for a test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

WIDTHS = ((4, 4), (6, 6), (8, 8, 8), (8, 8, 8), (10, 10, 10))
SIDE = 64
UNITS = ("AU1", "AU2", "AU4", "AU6", "AU12", "AU15", "AU25")
MEAN = {"red": 129.1863, "green": 104.7624, "blue": 93.5940}
NAMES = [f"{block}_{n}" for block, widths in enumerate(WIDTHS, 1) for n in range(1, len(widths) + 1)]


class Published(nn.Module):
    """VGG-16 as torchvision writes it; `grid` keeps all cells of the last grid for the head."""

    def __init__(self, normed: bool = False, grid: bool = False, channels: int = 3, hidden: int = 0) -> None:
        super().__init__()
        torch.manual_seed(5)
        layers: list[nn.Module] = []
        width = channels
        for widths in WIDTHS:
            for out in widths:
                layers.append(nn.Conv2d(width, out, 3, padding=1))
                nn.init.normal_(layers[-1].weight, std=(2 / (9 * width)) ** 0.5)
                nn.init.normal_(layers[-1].bias, std=0.3)
                if normed:
                    norm = nn.BatchNorm2d(out)
                    norm.running_mean.uniform_(-0.5, 0.5)
                    norm.running_var.uniform_(0.5, 2.0)
                    layers.append(norm)
                layers.append(nn.ReLU())
                width = out
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.grid = grid
        into = width * (SIDE // 32) ** 2 if grid else width
        sizes = [into, hidden, len(UNITS)] if hidden else [into, len(UNITS)]
        head: list[nn.Module] = []
        for size, out in zip(sizes, sizes[1:]):
            head += [nn.Linear(size, out), nn.ReLU(), nn.Dropout()]
        self.classifier = nn.Sequential(*head[:-2])
        nn.init.normal_(self.classifier[-1].weight)
        self.eval().requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)
        x = x.flatten(1) if self.grid else x.mean(dim=(2, 3))
        out: Tensor = self.classifier(x)
        return out


def vgg_face_names(net: Published) -> dict[str, Tensor]:
    """The same weights under the names of VGG-Face: conv1_1, ..., fc8."""
    state = net.state_dict()
    convolutions = [n for n, m in net.features.named_children() if isinstance(m, nn.Conv2d)]
    norms = [n for n, m in net.features.named_children() if isinstance(m, nn.BatchNorm2d)]
    renamed = {f"features.{n}": f"conv{place}" for n, place in zip(convolutions, NAMES)}
    renamed |= {f"features.{n}": f"bn{place}" for n, place in zip(norms, NAMES)}
    linear = [n for n, m in net.classifier.named_children() if isinstance(m, nn.Linear)]
    renamed |= {f"classifier.{n}": f"fc{9 - len(linear) + i}" for i, n in enumerate(linear)}
    return {f"{renamed[k.rpartition('.')[0]]}.{k.rpartition('.')[2]}": v for k, v in state.items()}


def describe(path: Path, state: Mapping[str, Any] | None = None, lines: str = "", **changes: Any) -> Path:
    """Write NET.toml, and the weights beside it; `changes` replace keys, None leaves one out."""
    if state is not None:
        torch.save(state, path.with_suffix(".pth"))
    keys = {
        "name": "mine",
        "version": "3",
        "licence": "mine alone",
        "architecture": "vgg16",
        "image_size": SIDE,
        "action_units": list(UNITS),
        "channels": "rgb",
        "mean": 117.0,
        "divide_by": 57.0,
        **changes,
    }
    path.write_text("".join(f"{k} = {_toml(v)}\n" for k, v in keys.items() if v is not None) + lines)
    return path


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else repr(value)
