"""What a search makes as large as it can: never computed on what is reported.

Units: macro F1 on the calibration people of CK+; emotions: accuracy on the calibration half of FER+'s
validation split. Thresholds are fitted on the same people and pictures, so both are a little kind.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.emotions import EmotionStage, probability
from edge.facs import EMOTIONS, UNIT_COLUMNS
from models import calibrate, metrics
from models.assemble import TrainingData
from models.data.ckplus import PROTOCOL
from models.networks import deployed
from models.networks.face_net import FaceNet
from models.train import predict


@dataclass(frozen=True)
class Score:
    """units: macro F1, 0..1. emotions: accuracy of the most probable one against the plurality, 0..1."""

    units: float
    emotions: float

    def value(self, objective: str) -> float:
        """The number an objective of models.search_space.OBJECTIVES means; higher is better."""
        if objective == "units_and_emotions":
            return (self.units + self.emotions) / 2
        return self.units if objective == "units" else self.emotions


def score(net: FaceNet, data: TrainingData, size: int) -> Score:
    """Calibrate the net as a release would be, and look at the calibration people and pictures alone.

    net: in the form of the stage it has come to. size: pixels. Raises DataError if no unit is coded
    both as there and as not.
    """
    half = calibrate.calibration_half(len(data.valid))
    faces, coded = data.valid.take(np.flatnonzero(half)), data.calibration
    wild, lab = predict(net, faces, size), predict(net, coded, size)
    thresholds = calibrate.thresholds((lab, coded.action_units), (wild, faces.action_units))
    units = metrics.action_units(probability(lab - thresholds), coded.action_units, UNIT_COLUMNS, PROTOCOL)
    stage = EmotionStage(UNIT_COLUMNS, EMOTIONS, 0.0, **deployed.shifted_stage(net.cpu(), thresholds, 1.0))
    answered = metrics.answered_emotions(
        stage.probabilities(wild - thresholds), data.valid_votes[half], EMOTIONS, np.ones(len(faces), bool)
    )
    return Score(metrics.macro(units)[0], float(answered.right.mean()))
