"""`python -m models.unit_statistics DATA`: what models.borrowed_stage knows of its lender, measured anew."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from edge import preprocess
from edge.emotions import EmotionStage
from edge.facs import ACTION_UNITS, EMOTIONS, UNIT_COLUMNS
from edge.model_folder import released
from models import borrowed_stage
from models.data import ferplus
from models.networks import deployed

log = logging.getLogger(__name__)
EVERY = 6
"""Training faces between two that are counted: five thousand are enough for a covariance."""
LISTS = {
    "all": UNIT_COLUMNS,
    "without sides": tuple(ACTION_UNITS),
    "DISFA's 12": tuple(f"AU{n:02d}" for n in (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26)),
    "BP4D's 12": tuple(f"AU{n:02d}" for n in (1, 2, 4, 6, 7, 10, 12, 14, 15, 17, 23, 24)),
    "1, 4, 6, 12, 25": ("AU01", "AU04", "AU06", "AU12", "AU25"),
}
"""Lists of units that other nets have."""


def write(data: Path) -> dict[str, float]:
    """Measure the lender on FER+ and keep its statistics.

    Returns for each of LISTS the share of FER+ validation faces, twins left out, whose most voted
    emotion the borrowed stage names when it reads only those units of the lender. Raises DataError.
    """
    faces = ferplus.read(data, "train")[0]
    rows = np.flatnonzero(np.isfinite(faces.emotions).all(axis=1))[::EVERY]
    borrowed_stage.write(_logits([faces.images[int(row)] for row in rows]))
    valid = ferplus.read(data, "valid")[0]
    voted = np.flatnonzero(np.isfinite(valid.emotions).all(axis=1))
    logits = _logits([valid.images[int(row)] for row in voted])
    truth = valid.emotions[voted].argmax(axis=1)
    found = {}
    for name, units in LISTS.items():
        stage = EmotionStage(units, EMOTIONS, 0.0, **borrowed_stage.borrow(units)[0])
        columns = [UNIT_COLUMNS.index(unit) for unit in units]
        found[name] = float((stage.probabilities(logits[:, columns]).argmax(axis=1) == truth).mean())
    return found


@torch.no_grad()
def _logits(images: list[npt.NDArray[np.uint8]]) -> npt.NDArray[np.float32]:
    lender = deployed.load(released(borrowed_stage.LENDER) / "net.safetensors")
    size = int(lender.facts["image_size"])
    batches = [images[at : at + 64] for at in range(0, len(images), 64)]
    inputs = (np.stack([preprocess.net_input(image, size) for image in batch]) for batch in batches)
    return np.concatenate([lender.net(torch.from_numpy(batch)).numpy() for batch in inputs])


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for words, share in write(Path(sys.argv[1])).items():
        log.info("%-16s %.1f %%", words, 100 * share)
