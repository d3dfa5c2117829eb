"""From averaged weights to a released checkpoint: calibrate, fold, report."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from edge.emotions import EmotionStage, probability
from edge.facs import ACTION_UNITS, EMOTIONS
from models import calibrate, metrics
from models.assemble import TrainingData
from models.data.ckplus import PROTOCOL
from models.networks import deployed
from models.networks.deployed import Released
from models.recipe import Recipe
from models.train import build, predict

log = logging.getLogger(__name__)

VERSION = "0.1.0"
UNSURE_BELOW = 0.45
"""Under this probability the most probable of eight emotions is a guess."""


def finish(recipe: Recipe, data: TrainingData, weights: Path, output: Path) -> Released:
    """Write `net.safetensors` into output and return it, its figures included."""
    net = build(recipe)
    net.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True)["net"])
    size, net.first_pool = recipe.stage[-1].image_size, recipe.stage[-1].first_pool
    half = calibrate.calibration_half(len(data.valid))
    coded = predict(net, data.calibration, size)
    wild = predict(net, data.valid, size)
    thresholds = calibrate.thresholds(
        (coded, data.calibration.action_units), (wild[half], data.valid.action_units[half])
    )
    stage = deployed.shifted_stage(net, thresholds, 1.0)
    emotions = EmotionStage(tuple(ACTION_UNITS), EMOTIONS, UNSURE_BELOW, **stage)
    fit = half & np.isfinite(data.valid.emotions).all(axis=1)
    scores = np.log(np.maximum(emotions.probabilities(wild[fit] - thresholds), 1e-12))
    temperature = calibrate.temperature(scores, data.valid.emotions[fit])
    log.info("thresholds %s, temperature %.3f", np.round(thresholds, 2).tolist(), temperature)
    stage = deployed.shifted_stage(net, thresholds, temperature)
    released = Released(deployed.fold(net, thresholds), stage)
    emotions = EmotionStage(tuple(ACTION_UNITS), EMOTIONS, UNSURE_BELOW, **stage)

    test = predict(net, data.test, size) - thresholds
    units = metrics.action_units(probability(test), data.test.action_units, tuple(ACTION_UNITS), PROTOCOL)
    named = metrics.emotions(emotions.probabilities(wild - thresholds), data.valid_votes, EMOTIONS, half)
    f1, auroc = metrics.macro(units)
    log.info(
        "CK+ test people: F1 %.3f, AUROC %.3f; FER+ valid: %.3f / %.3f",
        f1,
        auroc,
        named.plurality,
        named.agreed,
    )
    released.facts = {
        "name": recipe.name,
        "version": VERSION,
        "image_size": size,
        "first_pool": net.first_pool,
        "action_units": list(ACTION_UNITS),
        "emotions": list(EMOTIONS),
        "unsure_below": UNSURE_BELOW,
        "provenance": {
            "recipe": asdict(recipe),
            "torch": torch.__version__,
            "trained_on": ["FER+ train", "CK+ (other folds)", "LFW (units by the teacher)"],
            "start": _start(recipe, output),
        },
        "figures": {
            "net": "torch, before export",
            "ckplus_test_folds": {
                "macro_f1": f1,
                "macro_auroc": auroc,
                "units": {k: asdict(v) for k, v in units.items()},
            },
            "ferplus_valid": asdict(named),
        },
    }
    deployed.save(released, output / "net.safetensors")
    return released


def _start(recipe: Recipe, output: Path) -> Any:
    """What training noted of its starting weights; else what the recipe asks for."""
    note = output / "start.json"
    if note.is_file():
        return json.loads(note.read_text(encoding="utf-8"))
    return recipe.start or "random weights"
