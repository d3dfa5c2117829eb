"""The package `facex` on whole pictures: python run_facex.py FOLDER, in its environment."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np


def main(folder: Path) -> None:
    """Read the pictures of exchange.py, write one row of scores each."""
    library: Any = importlib.import_module("facex.core")
    assets = Path(library.__file__).parent / "assets"
    classifier = library.EmotionClassifier(str(assets / "model_optimized.tflite"))
    pixels = np.fromfile(folder / "pictures.raw", dtype=np.uint8)
    rows = []
    start = 0
    for height, width in json.loads((folder / "pictures.json").read_text()):
        end = start + height * width * 3
        rgb = pixels[start:end].reshape(height, width, 3)
        start = end
        grey = classifier._preprocess_frame(np.ascontiguousarray(rgb[..., ::-1]))
        found = classifier.detect_emotion(grey)
        rows.append([found[name] for name in classifier.category])
    np.asarray(rows, dtype="<f4").tofile(folder / "scores.raw")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
