"""Somebody's file of weights as tensors by name; nothing in it is run."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from models.data.readers import DataError, cause
from models.networks.initialise import UNREADABLE

WRAPPERS = ("state_dict", "model_state_dict", "model", "net")
"""What trainings call the entry of a checkpoint that holds the weights."""
COUNTER = "num_batches_tracked"
"""Batch normalisation counts its steps; that is no weight."""


def read(path: Path) -> dict[str, Tensor]:
    """The tensors of a .safetensors file or of a torch state dict (.pt, .pth), float32.

    A state dict may stand inside a checkpoint, and all its names may begin with "module." as
    DataParallel writes them. Raises DataError.
    """
    try:
        if path.suffix == ".safetensors":
            found: Any = load_file(path)
        else:
            found = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise DataError(f"there is no file {path}") from error
    except (*UNREADABLE, struct.error) as error:
        raise DataError(
            f"{path} is no state dict that can be read safely ({cause(error)}): "
            "save it with torch.save(net.state_dict(), FILE)"
        ) from error
    for name in WRAPPERS:
        if isinstance(found, dict) and isinstance(found.get(name), dict):
            found = found[name]
    if not isinstance(found, dict) or not found or not all(isinstance(v, Tensor) for v in found.values()):
        raise DataError(f"{path} holds no state dict: save it with torch.save(net.state_dict(), FILE)")
    if all(str(name).startswith("module.") for name in found):
        found = {name[len("module.") :]: value for name, value in found.items()}
    tensors = {str(k): v.float() for k, v in found.items() if not str(k).endswith(COUNTER)}
    broken = [name for name, value in tensors.items() if not torch.isfinite(value).all()]
    if broken:
        raise DataError(f"{path} holds values that are no numbers in {', '.join(broken[:8])}")
    return tensors
