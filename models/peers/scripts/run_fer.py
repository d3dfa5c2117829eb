"""The package `fer` on whole pictures: python run_fer.py keras|tflite FOLDER, in its environment."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

CLASSES = 7
AT_A_TIME = 128


def main(net: str, folder: Path) -> None:
    """Read the pictures of exchange.py, write one row of scores each."""
    library: Any = importlib.import_module("fer.fer")

    class Detector(library.FER):  # type: ignore[misc]
        """Keeps what the package prepared for its net.

        The net then judges many at once, and the package's rounding to two decimals is left out.
        """

        def _classify_emotions(self, gray_faces: Any) -> Any:
            self.prepared = gray_faces
            return np.zeros((len(gray_faces), CLASSES))

        def judge(self, gray_faces: Any) -> Any:
            return np.asarray(super()._classify_emotions(gray_faces))

    # No margin: these pictures are framed like those the net was trained on. The package adds one
    # because its cascade finds tighter boxes.
    detector = Detector(use_tflite=net == "tflite", offsets=(0, 0))
    pixels = np.fromfile(folder / "pictures.raw", dtype=np.uint8)
    sizes = json.loads((folder / "pictures.json").read_text())
    prepared, rows = [], []
    start = 0
    for row, (height, width) in enumerate(sizes):
        end = start + height * width * 3
        rgb = pixels[start:end].reshape(height, width, 3)
        start = end
        if detector.detect_emotions(np.ascontiguousarray(rgb[..., ::-1]), [(0, 0, width, height)]):
            prepared.append(detector.prepared[0])
            rows.append(row)
    scores = np.full((len(sizes), CLASSES), np.nan, dtype="<f4")
    for first in range(0, len(rows), AT_A_TIME):
        here = slice(first, first + AT_A_TIME)
        scores[rows[here]] = detector.judge(np.asarray(prepared[here], dtype=np.float32))
    scores.tofile(folder / "scores.raw")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
