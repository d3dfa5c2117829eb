"""What each slice costs: the same pictures degraded, beside the undisturbed ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from edge.model_folder import ModelFolder
from models import metrics
from models.data.ckplus import PROTOCOL
from models.evaluation import bootstrap
from models.evaluation.answers import Answers, from_logits
from models.evaluation.device import Device
from models.evaluation.slices import SLICES, UNDISTURBED, Slice
from models.evaluation.truth import Coded, Wild
from models.metrics import Answered, Float32, Float64


class Undisturbed:
    """The figures that the slices are compared with, resampled once for all of them."""

    def __init__(self, folder: ModelFolder, wild: Wild, coded: Coded) -> None:
        self.folder, self.wild, self.coded = folder, wild, coded
        self.weights = bootstrap.draw_people(coded.subjects)

    def emotions(self, answers: Answers) -> Answered:
        names, seen = self.folder.card.emotions, self.wild.calibrated_on
        return metrics.answered_emotions(answers.emotions, self.wild.votes, names, seen)

    def units(self, units: Float32) -> tuple[float, float, Float64, Float64]:
        """Macro F1 and AUROC, and both under every resample."""
        names = self.folder.card.action_units
        found = metrics.action_units(units, self.coded.codes, names, PROTOCOL)
        drawn = bootstrap.action_units(units, self.coded.codes, names, list(found), self.weights)
        return *metrics.macro(found), drawn.macro("f1"), drawn.macro("auroc")


def evaluate(
    device: Device, folder: ModelFolder, wild: Wild, coded: Coded, slices: Sequence[Slice] = SLICES
) -> dict[str, Any]:
    """A row for every slice. Losses are in points (hundredths), positive where the slice is worse.

    Intervals are of the paired loss: by picture for FER+, by person for CK+.
    """
    base = Undisturbed(folder, wild, coded)
    total = (1 + len(slices)) * (len(wild.images) + len(coded.images))
    rows: list[dict[str, Any]] = []
    with tqdm(total=total, desc="slices", unit=" pictures", mininterval=2) as progress:
        answered = [_answers(device, folder, wild, coded, UNDISTURBED, progress)]
        right = base.emotions(answered[0][0]).right.astype(np.float64)
        f1, auroc, drawn_f1, drawn_auroc = base.units(answered[0][1].units)
        for slice_ in slices:
            on_wild, on_coded = _answers(device, folder, wild, coded, slice_, progress)
            emotions = base.emotions(on_wild)
            now = emotions.right.astype(np.float64)
            agreed = emotions.agreed
            f1_now, auroc_now, drawn_f1_now, drawn_auroc_now = base.units(on_coded.units)
            rows.append(
                {
                    "name": slice_.name,
                    "group": slice_.group,
                    "plurality": float(now.mean()),
                    "plurality_lost": 100 * float((right - now).mean()),
                    "plurality_lost_interval": _points(bootstrap.difference(right, now)),
                    "agreed": float(now[agreed].mean()) if agreed.any() else float("nan"),
                    "agreed_lost": 100 * float((right - now)[agreed].mean())
                    if agreed.any()
                    else float("nan"),
                    "macro_f1": f1_now,
                    "macro_f1_lost": 100 * (f1 - f1_now),
                    "macro_f1_lost_interval": _points(bootstrap.interval(drawn_f1 - drawn_f1_now)),
                    "macro_auroc": auroc_now,
                    "macro_auroc_lost": 100 * (auroc - auroc_now),
                    "macro_auroc_lost_interval": _points(bootstrap.interval(drawn_auroc - drawn_auroc_now)),
                }
            )
    return {
        "undisturbed": {"plurality": float(right.mean()), "macro_f1": f1, "macro_auroc": auroc},
        "rows": rows,
    }


def _answers(
    device: Device, folder: ModelFolder, wild: Wild, coded: Coded, slice_: Slice, progress: Any
) -> tuple[Answers, Answers]:
    found = []
    for what, images in (("ferplus", wild.images), ("ckplus", coded.images)):
        worse = [slice_.degrade(image) for image in images]
        name = f"{what}-{slice_.name.replace(' ', '-').replace('%', '')}"
        found.append(from_logits(device.logits(worse, name, progress), folder.emotion_stage))
    return found[0], found[1]


def _points(interval: bootstrap.Interval) -> bootstrap.Interval:
    return 100 * interval[0], 100 * interval[1]
