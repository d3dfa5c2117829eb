"""Figures on every coded person, each by a net that never saw that person.

The first `shared_stages` of a recipe may know nothing that a coder said, so they are trained once; the
other stages are trained anew for each group of people, teacher and thresholds included.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.emotions import probability
from edge.facs import UNIT_COLUMNS
from models import calibrate, checkpoint, metrics
from models.assemble import assemble
from models.checkpoint import TrainingError
from models.data import ckplus
from models.data.ckplus import PROTOCOL, fold_of
from models.finish import load_average
from models.networks import deployed, initialise
from models.recipe import FOLDS, DistilRecipe, Recipe
from models.train import Start, predict, train

log = logging.getLogger(__name__)
Float32 = npt.NDArray[np.float32]

GROUP = 2
"""Folds that are tested together: five groups of about eighteen people."""


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """logits: float32 [N, K] of every coded frame, 0 being the decision, by the net that did not know its
    person; codes: float32 [N, K]; subjects: str [N]; peak: bool [N]."""

    logits: Float32
    codes: Float32
    subjects: npt.NDArray[np.str_]
    peak: npt.NDArray[np.bool_]

    def report(self) -> dict[str, Any]:
        """Macro figures with the onsets and on peaks alone, and each unit's."""
        p = probability(self.logits)
        units = metrics.action_units(p, self.codes, UNIT_COLUMNS, PROTOCOL)
        peaks = metrics.action_units(p[self.peak], self.codes[self.peak], UNIT_COLUMNS, PROTOCOL)
        return {
            "people": len(np.unique(self.subjects)),
            "pictures": len(self.logits),
            "macro_f1": metrics.macro(units)[0],
            "macro_auroc": metrics.macro(units)[1],
            "peaks_only_macro_f1": metrics.macro(peaks)[0],
            "peaks_only_macro_auroc": metrics.macro(peaks)[1],
            "units": {name: asdict(f) for name, f in units.items()},
        }


def table(result: CrossValidation) -> str:
    """The report as text."""
    found = result.report()
    lines = [
        f"CK+, {found['people']} people, {found['pictures']} pictures, each by a net that never saw its "
        f"person: macro F1 {found['macro_f1']:.3f}, AUROC {found['macro_auroc']:.3f} (peaks only "
        f"{found['peaks_only_macro_f1']:.3f}, {found['peaks_only_macro_auroc']:.3f})"
    ]
    lines += [
        f"  {name}: F1 {f['f1']:.2f}, AUROC {f['auroc']:.2f}, {f['positives']} positives"
        for name, f in found["units"].items()
    ]
    return "\n".join(lines)


def groups(recipe: Recipe) -> Iterator[Recipe]:
    """The recipe once per group of people to test on; the next fold calibrates."""
    for first in range(0, FOLDS, GROUP):
        test = list(range(first, first + GROUP))
        data = replace(recipe.data, test_folds=test, calibration_folds=[(first + GROUP) % FOLDS])
        yield replace(recipe, data=data, name=f"{recipe.name}-{first // GROUP}")


def _trained_here(path: Path) -> bool:
    if path.suffix == ".safetensors":
        return deployed.is_released(path)
    return path.suffix == ".pt" and initialise.run_weights(path) is not None


def cross_validate(
    recipe: Recipe, folder: Path, output: Path, start: Start, workers: int | None
) -> CrossValidation:
    """Train what is needed below output, and gather every person's answers; resumes after a kill.

    Without distillation: the net to learn from may know the people to test on. Raises TrainingError where
    the starting weights may.
    """
    if recipe.start and start.path and start.path.is_file() and _trained_here(start.path):
        raise TrainingError(
            f"{start.path} may know the people to test on: begin a cross-validation with other weights"
        )
    if recipe.distil.model:
        log.warning("cross-validation leaves out distil.model, which may know the people to test on")
        recipe = replace(recipe, distil=DistilRecipe())
    shared = output / "shared.pt"
    if recipe.shared_stages and not shared.is_file():
        first = output / "shared"
        train(recipe, assemble(recipe, folder), first, start, workers, range(recipe.shared_stages))
        copied = shared.with_suffix(".part")
        shutil.copyfile(first / "shared.pt", copied)
        copied.replace(shared)
    faces, kinds = ckplus.peaks(folder)
    fold = np.array([fold_of(s, FOLDS) for s in faces.subjects])
    logits = np.zeros((len(faces), len(UNIT_COLUMNS)), dtype=np.float32)
    named = []
    for part in groups(recipe):
        place = output / f"group-{part.data.test_folds[0] // GROUP}"
        data = assemble(part, folder)
        place.mkdir(parents=True, exist_ok=True)
        if recipe.shared_stages and not (place / "checkpoint.pt").is_file():
            checkpoint.adopt(shared, place / "checkpoint.pt", part)
        # What is finished is only found again, after a look at whose it is.
        weights = train(part, data, place, start, workers)
        net = load_average(part, weights)
        size = part.stage[-1].image_size
        half = calibrate.calibration_half(len(data.valid))
        wild = predict(net, data.valid.take(np.flatnonzero(half)), size)
        thresholds = calibrate.thresholds(
            (predict(net, data.calibration, size), data.calibration.action_units),
            (wild, data.valid.action_units[half]),
        )
        rows = np.flatnonzero(np.isin(fold, part.data.test_folds))
        logits[rows] = predict(net, faces.take(rows), size) - thresholds
        found = metrics.action_units(
            probability(logits[rows]), faces.action_units[rows], UNIT_COLUMNS, PROTOCOL
        )
        named.append(metrics.macro(found))
        log.info("folds %s: F1 %.3f, AUROC %.3f", part.data.test_folds, *named[-1])
    result = CrossValidation(logits, faces.action_units, faces.subjects, kinds == "peak")
    np.savez(output / "answers.npz", logits=logits, subjects=faces.subjects, kinds=kinds)
    report = json.dumps({**result.report(), "recipe": asdict(recipe)}, indent=1)
    (output / "cross-validation.json").write_text(report + "\n", encoding="utf-8")
    return result
