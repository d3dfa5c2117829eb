"""The labelled faces on which an export counts what INT8 costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge import preprocess
from edge.emotions import EmotionStage, probability
from export.accuracy import LabelledFaces
from export.request import ExportRequest
from models import metrics
from models.data.ckplus import PROTOCOL
from models.evaluation import truth
from models.evaluation.figures import held_out_folds

Float32 = npt.NDArray[np.float32]


def with_faces(request: ExportRequest, data: Path) -> ExportRequest:
    """The request with labelled faces of these data sets. Raises DataError."""
    faces = labelled(data, request.action_units, request.stage(), request.image_size, request.provenance)
    return replace(request, labelled=faces)


def labelled(
    data: Path, units: tuple[str, ...], stage: EmotionStage, size: int, provenance: Mapping[str, object]
) -> LabelledFaces:
    """FER+ validation and those people of CK+ whom the net was not trained on. Raises DataError.

    The figures are those that `facecue evaluate` gives first: agreement with the raters of FER+ and
    the macro F1 of the coded units.
    """
    wild = truth.wild(data)
    coded = truth.coded(data, held_out_folds(provenance) or [0, 1], units)
    images = [*wild.images, *coded.images]
    crops = np.stack([preprocess.net_input(image, size)[0].astype(np.uint8) for image in images])
    count = len(wild.images)

    def figures(logits: Float32) -> Mapping[str, float]:
        emotions = metrics.answered_emotions(
            stage.probabilities(logits[:count]), wild.votes, stage.emotions, wild.calibrated_on
        )
        found = metrics.figures(emotions)
        f1, _ = metrics.macro(metrics.action_units(probability(logits[count:]), coded.codes, units, PROTOCOL))
        return {
            "FER+ plurality": found.plurality,
            "FER+ agreed": found.agreed,
            "CK+ macro F1": f1,
        }

    return LabelledFaces(crops, figures)
