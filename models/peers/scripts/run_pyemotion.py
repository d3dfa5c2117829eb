"""The package `PyEmotion` on whole pictures: python run_pyemotion.py PACKAGE FOLDER.

Run by a Python that has PyTorch. PACKAGE is the package's folder: its network and its weights are
used, its `__init__` is not, which wants libraries for detection and for coloured text.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image

SIDE = 48


def main(package: Path, folder: Path) -> None:
    """Read the pictures of exchange.py, write one row of scores each."""
    net = _net(package)
    pixels = np.fromfile(folder / "pictures.raw", dtype=np.uint8)
    rows = []
    start = 0
    for height, width in json.loads((folder / "pictures.json").read_text()):
        end = start + height * width * 3
        grey = cv2.cvtColor(pixels[start:end].reshape(height, width, 3), cv2.COLOR_RGB2GRAY)
        start = end
        # What its torchvision transforms do: Pillow's bilinear, then -1..1.
        fitted = np.asarray(Image.fromarray(grey).resize((SIDE, SIDE), Image.Resampling.BILINEAR))
        rows.append((fitted.astype(np.float32) / 255 - 0.5) / 0.5)
    with torch.inference_mode():
        scores = [net(torch.from_numpy(row)[None, None]).numpy() for row in rows]
    np.concatenate(scores).astype("<f4").tofile(folder / "scores.raw")


def _net(package: Path) -> Any:
    spec = importlib.util.spec_from_file_location("networks", package / "networks.py")
    assert spec is not None
    assert spec.loader is not None
    networks: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(networks)
    net = networks.NetworkV2(in_c=1, nl=32, out_f=7)
    weights = package / "model" / "main_model.pkl"
    net.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True)["network"])
    return net.eval()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
