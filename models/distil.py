"""A trained net's answers mixed into the targets of another (Hinton et al. 2015).

The answers are those to the undisturbed picture and its mirror image, averaged; the net that learns sees
degraded views. A coder's word is left as it is.
"""

from __future__ import annotations

import hashlib
import logging
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from tqdm import tqdm

from edge.emotions import EmotionStage, probability
from edge.facs import EMOTIONS, SWAPPED, UNIT_COLUMNS
from models.assemble import TrainingData
from models.batches import plain_views
from models.data.faceset import FaceSet
from models.data.readers import DataError
from models.networks import deployed
from models.recipe import DistilRecipe

log = logging.getLogger(__name__)
Float32 = npt.NDArray[np.float32]


def distil(
    data: TrainingData, recipe: DistilRecipe, output: Path, folder: Path | None = None
) -> TrainingData:
    """The same data with softer targets; nothing changes where the recipe names no model.

    folder: where a checkpoint without a path of its own is looked for first, else in the current one.

    The answers are kept in output as `distilled.npz` and found again. Raises DataError.
    """
    if not recipe.model:
        return data
    path = Path(recipe.model)
    if folder is not None and (folder / path).is_file():
        path = folder / path
    teacher = deployed.load(path)
    names = tuple(teacher.facts["action_units"])
    unknown = [name for name in names if name not in UNIT_COLUMNS]
    if unknown:
        raise DataError(f"{path} reads the units {', '.join(unknown)}, which no set here has")
    if tuple(teacher.facts.get("emotions", ())) != EMOTIONS:
        raise DataError(f"{path} does not name the emotions {', '.join(EMOTIONS)}, in this order")
    logits = _answers(data.train, path, teacher, output)
    stage = EmotionStage(names, tuple(teacher.facts["emotions"]), 0.0, **teacher.stage)
    soft_emotions = stage.probabilities(logits)
    units = data.train.action_units.copy()
    for k, name in enumerate(names):
        if name in recipe.without:
            continue
        column = UNIT_COLUMNS.index(name)
        soft = probability(logits[:, k])
        mixed = units[:, column] + recipe.action_units * (soft - units[:, column])
        units[:, column] = np.where(data.coded, units[:, column], np.where(np.isfinite(mixed), mixed, soft))
    voted = data.train.emotions
    mixed = voted + recipe.emotions * (soft_emotions - voted)
    emotions = np.where(np.isfinite(mixed), mixed, voted).astype(np.float32)
    return replace(data, train=replace(data.train, action_units=units, emotions=emotions))


def _answers(faces: FaceSet, path: Path, teacher: deployed.Released, output: Path) -> Float32:
    digest = hashlib.sha256(path.read_bytes())
    for image in faces.images:
        digest.update(image.tobytes())
    key, kept = digest.hexdigest(), output / "distilled.npz"
    logits = _kept(kept, key)
    if logits is None:
        logits = _ask(teacher, faces)
        output.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(".part")
        with part.open("wb") as stream:
            np.savez(stream, key=np.array(key), logits=logits)
        part.replace(kept)
    return logits


def _kept(path: Path, key: str) -> Float32 | None:
    try:
        # Opened here, because numpy leaves a file that it cannot read open.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            return np.asarray(archive["logits"], np.float32) if str(archive["key"]) == key else None
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile, zlib.error):
        return None


@torch.no_grad()
def _ask(teacher: deployed.Released, faces: FaceSet) -> Float32:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    names = list(teacher.facts["action_units"])
    swap = [names.index(SWAPPED.get(name, name)) for name in names]
    net = teacher.net.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    bfloat16 = device.type == "cuda" or bool(torch.cpu._is_avx512_bf16_supported())
    parts = []
    for begin in tqdm(range(0, len(faces), 128), desc="answers to learn from", mininterval=5):
        rows = np.arange(begin, min(begin + 128, len(faces)))
        images = plain_views(faces, rows, int(teacher.facts["image_size"])).to(device)
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=bfloat16):
            plain, mirrored = net(images), net(images.flip(3))
        parts.append(((plain + mirrored[:, swap]) / 2).float().cpu().numpy())
    net.to("cpu")
    return np.concatenate(parts)
