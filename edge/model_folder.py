"""A model folder, checked file by file before anything is run."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge import card as cards
from edge.card import Artefact, Card
from edge.emotions import EmotionStage
from edge.errors import ModelError

RELEASED = "vgg-face-au"
"""The model that is always among the released ones."""
# Found beside the package, so that nothing of `models` is imported on a device.
RELEASED_ROOT = Path(__file__).resolve().parent.parent / "models" / "released"


@dataclass(frozen=True, eq=False)
class Golden:
    """Inputs with the answers torch gave.

    crops: uint8 [N, S, S] grey. logits: float32 [N, K]. emotions: float32 [N, E] probabilities.
    """

    crops: npt.NDArray[np.uint8]
    logits: npt.NDArray[np.float32]
    emotions: npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ModelFolder:
    """A folder whose card and files have been found to belong together."""

    path: Path
    card: Card
    precision: str
    emotion_stage: EmotionStage

    @property
    def artefact(self) -> Artefact:
        return self.card.artefacts[self.precision]

    @property
    def network(self) -> Path:
        return self.path / self.artefact.network

    @property
    def weights(self) -> Path | None:
        """The file of the weights, or None where they are in the network file itself."""
        return self.path / self.artefact.weights if self.artefact.weights else None

    def golden(self) -> Golden:
        """The golden inputs. Raises ModelError if the file is not the card's."""
        path = _verified(self.path, self.card, self.card.golden)
        arrays = _arrays(path, ("crops", "logits", "emotions"))
        size, count = self.card.image_size, len(arrays["crops"])
        wanted = {
            "crops": (count, size, size),
            "logits": (count, len(self.card.action_units)),
            "emotions": (count, len(self.card.emotions)),
        }
        for name, shape in wanted.items():
            if arrays[name].shape != shape:
                raise ModelError(
                    f"{path}: {name} has the shape {arrays[name].shape}, the card asks for {shape}"
                )
        return Golden(arrays["crops"], arrays["logits"], arrays["emotions"])


def installed(root: Path = RELEASED_ROOT) -> list[str]:
    """The names of the models that came with facecue."""
    return sorted(path.parent.name for path in root.glob("*/card.json"))


def released(name: str = RELEASED, root: Path = RELEASED_ROOT) -> Path:
    """Where a model that came with facecue lies. Raises ModelError with the names there are."""
    names = installed(root)
    if name not in names:
        there = f"there are {', '.join(names)}" if names else "there is none: install facecue again"
        raise ModelError(f"the model {name} is not installed at {root}; {there}")
    return root / name


def open_folder(path: Path, precision: str = "auto", accepted: tuple[str, ...] | None = None) -> ModelFolder:
    """Check a folder against its card and take one artefact.

    precision: an artefact's name, or "auto". accepted: the artefacts that the runtime reads, the
    one it likes best first; "auto" takes the first of these whose files are there, and without
    `accepted` the first of the card (INT8 is listed first where there is one, being faster on
    processors). Raises ModelError with one sentence if a file is missing, is not the one the card
    was written for, or cannot be read by the runtime.
    """
    if not path.is_dir():
        raise ModelError(f"there is no model folder {path}: give one with --model")
    card = cards.read(path / "card.json")
    precision = _chosen(path, card, precision, tuple(card.artefacts) if accepted is None else accepted)
    artefact = card.artefacts[precision]
    for name in (*artefact.files, card.emotion_stage):
        _verified(path, card, name)
    arrays = _arrays(
        path / card.emotion_stage,
        (*EmotionStage.ARRAYS, "action_units", "emotions"),
        EmotionStage.OPTIONAL_ARRAYS,
    )
    # A sound card may still be another net's: its names must be those of these weights, in their order.
    for key, names in (("action_units", card.action_units), ("emotions", card.emotions)):
        if tuple(arrays.pop(key).tolist()) != names:
            raise ModelError(
                f"{path}: the {key} of card.json are not those of its net: install the model again"
            )
    try:
        stage = EmotionStage(card.action_units, card.emotions, card.unsure_below, **arrays)
    except ValueError as error:
        raise ModelError(f"{path / card.emotion_stage} does not fit the card: {error}") from error
    return ModelFolder(path, card, precision, stage)


def present(path: Path, card: Card) -> list[str]:
    """The artefacts whose files are there; nothing is said of what is in them."""
    return [n for n, a in card.artefacts.items() if all((path / file).is_file() for file in a.files)]


def _chosen(path: Path, card: Card, precision: str, accepted: tuple[str, ...]) -> str:
    """The artefact to be used: what is named, or the first that is accepted and there."""
    there = present(path, card)
    if precision == "auto":
        for name in accepted:
            if name in there:
                return name
        if not there:
            raise ModelError(f"{path} holds no network file: install the model again")
        raise ModelError(
            f"{path} has no network that the runtime here reads ({', '.join(accepted)}); it has "
            f"{', '.join(there)}: export the model again with one, or set model.runtime to another"
        )
    if precision not in card.artefacts:
        raise ModelError(f"{path} has no {precision} network; it has {', '.join(card.artefacts)}")
    if precision not in accepted:
        raise ModelError(
            f"the {precision} network of {path} cannot be read by the runtime here, which reads "
            f"{', '.join(accepted)}: set model.precision to auto, or model.runtime to another"
        )
    if precision not in there:
        raise ModelError(
            f"the {precision} network of {path} is not there: build it with scripts/build-model, "
            f"or use {', '.join(there) or 'another model'}"
        )
    return precision


def sha256(path: Path) -> str:
    """Hash of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def _verified(folder: Path, card: Card, name: str) -> Path:
    path = folder / name
    if path.resolve().parent not in (folder.resolve(), *folder.resolve().glob("*")):
        raise ModelError(f"{folder}: the card names {name}, which lies outside the folder")
    if not path.is_file():
        raise ModelError(f"{path} is missing: install the model again")
    if sha256(path) != card.sha256.get(name):
        raise ModelError(
            f"{path} is damaged or is not the file its card was written for: install the model again"
        )
    return path


def _arrays(
    path: Path, names: tuple[str, ...], optional: tuple[str, ...] = ()
) -> dict[str, npt.NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            there = [name for name in optional if name in archive.files]
            return {name: archive[name] for name in (*names, *there)}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ModelError(f"{path} cannot be used ({error}): install the model again") from error
