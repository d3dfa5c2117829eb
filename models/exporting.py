"""A checkpoint, facecue's or somebody else's, as a request to the export stage."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.card import Tolerance
from edge.emotions import EmotionStage
from edge.model_folder import sha256
from export.request import ExportRequest
from models import borrowed_stage, golden, golden_pictures, net_description
from models.data import ferplus, lfw
from models.data.augment import degrade
from models.data.readers import DataError, cause
from models.net_description import RELEASED_STAGE, NetDescription
from models.networks import deployed, foreign
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


def request_for(path: Path, data: Path | None) -> ExportRequest:
    """What to export of a file: `net.safetensors` of facecue train, or a NET.toml of another net.

    path: may also be the weights that lie beside NET.toml. data: as in `request`. Raises DataError that
    says everything that does not fit.
    """
    if not path.is_file():
        raise DataError(f"there is no checkpoint {path}: give a training's net.safetensors, or a NET.toml")
    described = path if path.suffix == ".toml" else path.with_suffix(".toml")
    if path.suffix == ".safetensors" and (deployed.is_released(path) or not described.is_file()):
        return request(deployed.load(path), data)
    if path.suffix not in (".toml", *net_description.WEIGHTS):
        raise DataError(
            f"{path} is neither the net.safetensors of a training nor a NET.toml that describes a net: "
            "docs/own-nets.md says what stands in one"
        )
    return foreign_request(path, data)


def foreign_request(path: Path, data: Path | None) -> ExportRequest:
    """What to export of a net that facecue did not train. path: NET.toml, or the weights beside it."""
    net, weights = net_description.read(path)
    folder = path.parent
    arrays, stage_said = _stage(net, folder)
    return ExportRequest(
        name=net.name,
        version=net.version,
        net=foreign.load(net, weights, folder),
        image_size=net.image_size,
        action_units=net.units,
        emotions=tuple(net.emotions),
        emotion_stage=arrays,
        unsure_below=net.unsure_below,
        golden=(
            golden_pictures.crops(folder / net.golden, net.image_size)
            if net.golden
            else golden.crops(net.image_size)
        ),
        calibration=_calibration(net.image_size, data),
        licence=net.licence,
        tolerances={**TOLERANCES, **{p: allowed.tolerance() for p, allowed in net.tolerances.items()}},
        provenance={
            "described_by": path.with_suffix(".toml").name,
            "weights": weights.name,
            "weights_sha256": sha256(weights),
            "architecture": net.architecture,
            "channels": net.channels,
            "mean": net.mean,
            "divide_by": net.divide_by,
            "thresholds": net.thresholds,
            "emotion_stage": stage_said,
            "answers_compared_with_the_training": bool(net.expected),
            "int8_ranges_from": "the bundled clips, FER+ and LFW" if data else "the bundled clips",
        },
        large_input=net.large_input,
    )


def _stage(net: NetDescription, folder: Path) -> tuple[dict[str, npt.NDArray[np.float32]], Any]:
    """The second stage of a described net, and what the card says of it."""
    if net.emotion_stage == RELEASED_STAGE:
        return borrowed_stage.borrow(net.units)
    path = folder / net.emotion_stage
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            names = (*EmotionStage.ARRAYS, *EmotionStage.OPTIONAL_ARRAYS)
            arrays = {name: archive[name].astype(np.float32) for name in names if name in archive.files}
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise DataError(f"emotion_stage: {path} cannot be read as .npz ({cause(error)})") from error
    return arrays, net.emotion_stage


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
