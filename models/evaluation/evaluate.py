"""One evaluation from its request to its report."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tqdm import tqdm

from edge import wiring
from edge.errors import SettingsError
from edge.model_folder import ModelFolder
from edge.settings import ModelSettings
from models.evaluation import beside, crops, figures, neutral, sliced, targets, truth
from models.evaluation.answers import AnnotatedTable, Answers, from_logits
from models.evaluation.device import Device
from models.evaluation.slices import UNDISTURBED
from models.evaluation.truth import Coded, Wild

DEFAULT_FOLDS = [0, 1]
"""Of a net whose card does not say whom it was tested on."""


@dataclass(frozen=True)
class Request:
    """What is asked for.

    data: folder of the data sets. folds: of CK+'s people; None takes those the model's card kept for
    testing. annotations: a table that answers in the model's place. cache: folder for answers, None
    keeps none.
    """

    data: Path
    folds: list[int] | None = None
    slices: bool = False
    peers: bool = False
    annotations: Path | None = None
    cache: Path | None = None


def evaluate(settings: ModelSettings, request: Request) -> dict[str, Any]:
    """Everything the request asks for, as a table that JSON can hold. Raises FacecueError."""
    if request.annotations is not None and request.slices:
        raise SettingsError(["--slices runs the model itself: leave --annotations out"])
    folder = wiring.model(settings)
    folds, wild, coded = read(folder, request.data, request.folds)
    report: dict[str, Any] = {}
    device = None if request.annotations is not None else Device(settings, folder, request.cache)
    try:
        if device is None:
            on_wild, on_coded = _annotated(request, folder, wild, coded)
        else:
            on_wild, on_coded = _asked(device, folder, wild, coded)
        card = folder.card
        report = {
            "model": f"{card.name} {card.version} {folder.precision}",
            "answers": "facecue annotate --crops" if device is None else device.description,
            "ferplus_valid": figures.of_wild(wild, on_wild, card.emotions, card.unsure_below),
            "ckplus": {
                "folds": folds,
                "not_held_out": figures.not_held_out(card.provenance, folds),
                **figures.of_coded(coded, on_coded, card.action_units),
            },
            "neutral": neutral.neutral_gain(folder.emotion_stage, coded, on_coded, card.action_units),
        }
        if request.slices and device is not None:
            report["slices"] = sliced.evaluate(device, folder, wild, coded)
        if request.peers:
            report["peers"], report["peers_skipped"] = _peers(
                request, report, card.name, on_wild, on_coded, wild, coded
            )
        report["targets"] = targets.judged(card.name, report)
        report["card"] = _card(folder)
    finally:
        if device is not None:
            device.close()
    return report


def write_crops(settings: ModelSettings, request: Request, output: Path) -> int:
    """The pictures of this evaluation as files; returns how many. Raises FacecueError."""
    _, wild, coded = read(wiring.model(settings), request.data, request.folds)
    return crops.write(output, wild, coded)


def read(folder: ModelFolder, data: Path, folds: list[int] | None) -> tuple[list[int], Wild, Coded]:
    """The folds that count, and the two sets."""
    chosen = folds or figures.held_out_folds(folder.card.provenance) or DEFAULT_FOLDS
    return chosen, truth.wild(data), truth.coded(data, chosen, folder.card.action_units)


def _asked(device: Device, folder: ModelFolder, wild: Wild, coded: Coded) -> tuple[Answers, Answers]:
    found = []
    for what, images in (("FER+ valid", wild.images), ("CK+", coded.images)):
        name = f"{'ferplus' if images is wild.images else 'ckplus'}-{UNDISTURBED.name}"
        with tqdm(total=len(images), desc=what, unit=" pictures", mininterval=2) as progress:
            found.append(from_logits(device.logits(images, name, progress), folder.emotion_stage))
    return found[0], found[1]


def _annotated(request: Request, folder: ModelFolder, wild: Wild, coded: Coded) -> tuple[Answers, Answers]:
    assert request.annotations is not None
    table = AnnotatedTable(request.annotations, folder.card)
    return table.answers(wild.keys, "FER+ valid"), table.answers(coded.keys, "CK+")


def _peers(
    request: Request,
    report: dict[str, Any],
    name: str,
    on_wild: Answers,
    on_coded: Answers,
    wild: Wild,
    coded: Coded,
) -> tuple[list[dict[str, Any]], list[str]]:
    ck = report["ckplus"]
    ours = {
        **beside.row(name, on_wild.emotions, on_coded.emotions, wild, coded),
        "units_answered": 1.0,
        "units_macro_f1": ck["macro_f1"],
        "units_macro_auroc": ck["macro_auroc"],
    }
    with ExitStack() as stack:
        cache = request.cache or Path(stack.enter_context(TemporaryDirectory()))
        return beside.evaluate(ours, wild, coded, request.data, cache)


def _card(folder: ModelFolder) -> dict[str, Any]:
    """What the report says of where the model comes from."""
    card = folder.card
    artefact = folder.artefact
    return {
        "licence": card.licence,
        "provenance": dict(card.provenance),
        "image_size": card.image_size,
        "action_units": list(card.action_units),
        "sha256": {name: card.sha256[name] for name in (*artefact.files, card.emotion_stage)},
    }
