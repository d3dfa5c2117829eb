"""From averaged weights to a released checkpoint: calibrate, fold, report."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from edge.emotions import EmotionStage, probability
from edge.facs import EMOTIONS, UNIT_COLUMNS
from models import calibrate, metrics, neutral
from models.assemble import CERTAIN_NEUTRAL, TrainingData
from models.data.balance import drawing_weights
from models.data.ckplus import PROTOCOL
from models.networks import deployed
from models.networks.build import build, set_stage
from models.networks.deployed import Released
from models.networks.face_net import FaceNet
from models.recipe import Recipe
from models.refit import Voted, refit
from models.train import predict, runs_bfloat16

log = logging.getLogger(__name__)
Float32 = npt.NDArray[np.float32]

UNSURE_BELOW = 0.45
"""Under this probability the most probable of eight emotions is a guess."""


def finish(
    recipe: Recipe, data: TrainingData, weights: Path, output: Path, soft: TrainingData | None = None
) -> Released:
    """Write `net.safetensors` into output and return it, its figures included.

    soft: the same data with the targets of models.distil, for the emotion stage.
    """
    net = load_average(recipe, weights)
    size = recipe.stage[-1].image_size
    refit_emotions(recipe, net, soft or data)
    half = calibrate.calibration_half(len(data.valid))
    coded, wild = predict(net, data.calibration, size), predict(net, data.valid, size)
    thresholds = calibrate.thresholds(
        (coded, data.calibration.action_units), (wild[half], data.valid.action_units[half])
    )
    temperature = _temperature(net, thresholds, wild, data, half)
    log.info("thresholds %s, temperature %.3f", np.round(thresholds, 2).tolist(), temperature)
    stage = deployed.shifted_stage(net, thresholds, temperature)
    stage.update(_neutral(net, thresholds, data, size))
    released = Released(deployed.fold(net, thresholds), stage)
    released.facts = {
        "name": recipe.name,
        "version": recipe.version,
        "network": recipe.network,
        "image_size": size,
        "first_pool": recipe.stage[-1].first_pool,
        "action_units": list(UNIT_COLUMNS),
        "emotions": list(EMOTIONS),
        "unsure_below": UNSURE_BELOW,
        "provenance": {
            "recipe": asdict(recipe),
            "torch": torch.__version__,
            "trained_on": ["FER+ train", "CK+ (other folds)", "LFW (units by the teacher)"],
            "start": _start(recipe, output),
        },
        "figures": _figures(stage, wild - thresholds, predict(net, data.test, size) - thresholds, data, half),
    }
    deployed.save(released, output / "net.safetensors")
    return released


def load_average(recipe: Recipe, weights: Path) -> FaceNet:
    """The averaged weights of a run, in the form of the recipe's last stage."""
    net = build(recipe)
    net.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True)["net"])
    set_stage(net, recipe.stage[-1].first_pool)
    return net.eval()


def refit_emotions(recipe: Recipe, net: FaceNet, data: TrainingData) -> None:
    """Fit the emotion stage of a trained net once more, where the recipe says so."""
    if recipe.refit.epochs:
        voted = data.train.take(np.flatnonzero(np.isfinite(data.train.emotions).all(axis=1)))
        size, fast = recipe.stage[-1].image_size, runs_bfloat16(recipe)
        drawn = [
            Voted(
                predict(net, voted, size, bfloat16=fast),
                voted.emotions,
                drawing_weights(voted.emotions, recipe.data.rare_emotion_cap).astype(np.float64),
                1.0 - recipe.refit.posed,
            )
        ]
        if data.posed is not None:
            posed = predict(net, data.posed, size, bfloat16=fast)
            drawn.append(Voted.evenly(posed, data.posed.emotions, recipe.refit.posed))
        net.heads["emotions"] = refit(drawn, recipe.refit, recipe.seed)


def _stage(arrays: dict[str, Float32]) -> EmotionStage:
    return EmotionStage(UNIT_COLUMNS, EMOTIONS, UNSURE_BELOW, **arrays)


def _temperature(
    net: FaceNet, thresholds: Float32, wild: Float32, data: TrainingData, half: npt.NDArray[np.bool_]
) -> float:
    emotions = _stage(deployed.shifted_stage(net, thresholds, 1.0))
    rows = half & np.isfinite(data.valid.emotions).all(axis=1)
    scores = np.log(np.maximum(emotions.probabilities(wild[rows] - thresholds), 1e-12))
    return calibrate.temperature(scores, data.valid.emotions[rows])


def _neutral(net: FaceNet, thresholds: Float32, data: TrainingData, size: int) -> dict[str, Float32]:
    """What the emotion stage must know to read a person's own resting face."""
    certain = np.nan_to_num(data.train.emotions[:, EMOTIONS.index("neutral")]) >= CERTAIN_NEUTRAL
    street = data.train.take(np.flatnonzero(certain)[:2000])
    at_rest = data.rest
    gain = neutral.reliability(predict(net, at_rest, size), at_rest.subjects)
    return {
        "neutral_average": (predict(net, street, size).mean(axis=0) - thresholds).astype(np.float32),
        "neutral_gain": gain,
    }


def _figures(
    stage: dict[str, Float32], wild: Float32, test: Float32, data: TrainingData, half: npt.NDArray[np.bool_]
) -> dict[str, Any]:
    units = metrics.action_units(probability(test), data.test.action_units, UNIT_COLUMNS, PROTOCOL)
    named = metrics.emotions(_stage(stage).probabilities(wild), data.valid_votes, EMOTIONS, half)
    f1, auroc = metrics.macro(units)
    log.info(
        "CK+ test people: F1 %.3f, AUROC %.3f; FER+ valid: %.3f / %.3f, macro F1 %.3f, recall %s",
        f1,
        auroc,
        named.plurality,
        named.agreed,
        named.macro_f1,
        {name: round(value, 2) for name, value in named.recall.items()},
    )
    return {
        "net": "torch, before export",
        "ckplus_test_folds": {
            "macro_f1": f1,
            "macro_auroc": auroc,
            "units": {k: asdict(v) for k, v in units.items()},
        },
        "ferplus_valid": asdict(named),
    }


def _start(recipe: Recipe, output: Path) -> Any:
    """What training noted of its starting weights; else what the recipe asks for."""
    note = output / "start.json"
    if note.is_file():
        return json.loads(note.read_text(encoding="utf-8"))
    return recipe.start or "random weights"
