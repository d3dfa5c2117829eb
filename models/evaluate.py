"""Figures of a model folder as a device runs it: the same pre-processing, runtime and artefact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from edge.action_units import ActionUnitNet
from edge.emotions import probability
from edge.model_folder import ModelFolder
from models import calibrate, metrics
from models.data import ckplus, ferplus
from models.data.ckplus import PROTOCOL, fold_of
from models.data.readers import DataError
from models.recipe import FOLDS


def evaluate(folder: ModelFolder, net: ActionUnitNet, data: Path, folds: list[int]) -> dict[str, Any]:
    """FER+ valid without twins, and the people of CK+ in `folds` (peaks with neutral onsets)."""
    names = folder.card.action_units
    faces, votes, _ = ferplus.read(data, "valid")
    coded, kinds = ckplus.peaks(data)
    rows = np.flatnonzero([fold_of(s, FOLDS) in folds for s in coded.subjects])
    if not len(rows):
        raise DataError(f"CK+ has nobody in the folds {folds}: give folds from 0 to {FOLDS - 1} with --folds")
    coded, kinds = coded.take(rows), kinds[rows]
    wild = _logits(net, faces.images, "FER+ valid")
    lab = probability(_logits(net, coded.images, "CK+"))
    units = metrics.action_units(lab, coded.action_units, names, PROTOCOL)
    peak = kinds == "peak"
    peaks = metrics.action_units(lab[peak], coded.action_units[peak], names, PROTOCOL)
    half = calibrate.calibration_half(len(faces))
    emotions = metrics.emotions(folder.emotion_stage.probabilities(wild), votes, folder.card.emotions, half)
    return {
        "model": f"{folder.card.name} {folder.card.version} {folder.precision}",
        "ferplus_valid": asdict(emotions),
        "ckplus": {
            "folds": folds,
            "not_held_out": _not_held_out(folder.card.provenance, folds),
            "people": len(set(coded.subjects)),
            "pictures": len(coded),
            "macro_f1": metrics.macro(units)[0],
            "macro_auroc": metrics.macro(units)[1],
            "peaks_only_macro_f1": metrics.macro(peaks)[0],
            "peaks_only_macro_auroc": metrics.macro(peaks)[1],
            "units": {name: asdict(f) for name, f in units.items()},
        },
    }


def table(report: dict[str, Any]) -> str:
    """The report as text."""
    fer, ck = report["ferplus_valid"], report["ckplus"]
    lines = [
        report["model"],
        f"FER+ valid without twins: {fer['plurality']:.1%} of {fer['pictures']} (plurality), "
        f"{fer['agreed']:.1%} of {fer['agreed_pictures']} (more than five raters agree), "
        f"macro F1 {fer['macro_f1']:.3f}, calibration error {fer['calibration']:.3f} "
        "(on the half that was not calibrated on)",
        "  recall: " + ", ".join(f"{k} {v:.2f}" for k, v in fer["recall"].items()),
        f"CK+, {ck['people']} people of folds {ck['folds']}, {ck['pictures']} pictures: "
        f"macro F1 {ck['macro_f1']:.3f}, AUROC {ck['macro_auroc']:.3f} "
        f"(peaks only {ck['peaks_only_macro_f1']:.3f}, {ck['peaks_only_macro_auroc']:.3f})",
    ]
    if ck["not_held_out"]:
        lines.append(f"  not held out: this net was trained or calibrated on the folds {ck['not_held_out']}")
    lines += [
        f"  {name}: F1 {f['f1']:.2f}, AUROC {f['auroc']:.2f}, {f['positives']} positives"
        for name, f in ck["units"].items()
    ]
    return "\n".join(lines)


def _not_held_out(provenance: Mapping[str, Any], folds: list[int]) -> list[int]:
    """Those folds whose people this net knows, as far as its card tells."""
    held_out = provenance.get("recipe", {}).get("data", {}).get("test_folds")
    return [] if held_out is None else [f for f in folds if f not in held_out]


def _logits(net: ActionUnitNet, images: list[Any], what: str) -> Any:
    return np.stack([net.of_crop(image) for image in tqdm(images, desc=what, mininterval=2)])
