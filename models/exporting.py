"""A released checkpoint as a request to the export stage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.card import Tolerance
from export.request import ExportRequest
from models import golden
from models.data import ferplus, lfw
from models.data.augment import degrade
from models.networks.deployed import Released

LICENCE = (
    "Research and personal use. The weights were trained on FER+ (pictures of unclear rights), "
    "Cohn-Kanade+ (research agreement) and LFW (press pictures); none of these pictures is included."
)
TOLERANCES = {
    "fp16": Tolerance(probability=0.01, flipped_share=0.005, emotion_share=0.03),
    "int8": Tolerance(probability=0.15, flipped_share=0.02, emotion_share=0.06),
}
"""INT8 may move a probability that stands near 0.5; what it may not do is change decisions.

FP16 is computed in bfloat16 by processors that have it: one near tie of 46 golden faces may turn.
"""
CALIBRATION_PICTURES = 300


def request(released: Released, data: Path | None) -> ExportRequest:
    """What to export. data: folder of the training sets, for the ranges of INT8; None takes the
    faces of the bundled clips, degraded, which are two people only."""
    facts = released.facts
    size = int(facts["image_size"])
    return ExportRequest(
        name=facts["name"],
        version=facts["version"],
        net=released.net,
        image_size=size,
        action_units=tuple(facts["action_units"]),
        emotions=tuple(facts["emotions"]),
        emotion_stage=released.stage,
        unsure_below=facts["unsure_below"],
        golden=golden.crops(size),
        calibration=_calibration(size, data),
        licence=LICENCE,
        tolerances=TOLERANCES,
        provenance={
            **facts["provenance"],
            "int8_ranges_from": "the bundled clips, FER+ and LFW" if data else "the bundled clips",
        },
        figures=facts["figures"],
    )


def _calibration(size: int, data: Path | None) -> Iterator[npt.NDArray[np.uint8]]:
    rng = np.random.default_rng(1)
    if data is None:
        images = golden.crops(size, every=2)
    else:
        # Faces cut as the device cuts them, and the variety of people that two clips have not.
        images = golden.crops(size, every=5)
        images += ferplus.read(data, "train")[0].images[::250] + lfw.read(data)[0].images[::120]
    for i in rng.permutation(len(images))[:CALIBRATION_PICTURES]:
        yield degrade(images[i], size, rng)
