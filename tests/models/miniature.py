"""The data sets in their exact layouts, a few dozen drawn faces each, so that all runs for real."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edge.facs import EMOTIONS
from models.data.ckplus import PROTOCOL, fold_of

CK_UNITS = (1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 16, 17, 18, 20, 21, 22, 23, 24, 25, 26, 27)
PEOPLE_PER_FOLD = 5
ON, OFF = 0.6, 0.1
"""Where a blendshape stands with and without its unit."""

_NAMES = (
    "_neutral browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight cheekPuff "
    "cheekSquintLeft cheekSquintRight eyeBlinkLeft eyeBlinkRight eyeLookDownLeft eyeLookDownRight "
    "eyeLookInLeft eyeLookInRight eyeLookOutLeft eyeLookOutRight eyeLookUpLeft eyeLookUpRight "
    "eyeSquintLeft eyeSquintRight eyeWideLeft eyeWideRight jawForward jawLeft jawOpen jawRight "
    "mouthClose mouthDimpleLeft mouthDimpleRight mouthFrownLeft mouthFrownRight mouthFunnel "
    "mouthLeft mouthLowerDownLeft mouthLowerDownRight mouthPressLeft mouthPressRight mouthPucker "
    "mouthRight mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper mouthSmileLeft "
    "mouthSmileRight mouthStretchLeft mouthStretchRight mouthUpperUpLeft mouthUpperUpRight "
    "noseSneerLeft noseSneerRight"
)
SHAPES = _NAMES.split()
"""MediaPipe's blendshapes, in its order."""
FREE = [i for i, name in enumerate(SHAPES) if name in SHAPES[7:9] + SHAPES[11:24] + ["cheekPuff"]]
"""Columns no proxy reads: the k-th moves with the k-th unit of the protocol."""


def people(per_fold: int = PEOPLE_PER_FOLD) -> list[str]:
    """So many people in each of the ten folds."""
    found: dict[int, list[str]] = {fold: [] for fold in range(10)}
    number = 100
    while any(len(names) < per_fold for names in found.values()):
        name = f"P{number}"
        found[fold_of(name, 10)] = [*found[fold_of(name, 10)], name][:per_fold]
        number += 1
    return sorted(name for names in found.values() for name in names)


def face(size: int, units: npt.NDArray[np.bool_], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """A drawing whose brows, eyes and mouth move with the units of the protocol."""
    image = np.full((128, 128), int(rng.integers(60, 110)), np.uint8)
    cv2.ellipse(image, (64, 64), (46, 58), 0, 0, 360, int(rng.integers(150, 210)), -1)
    brow, lid, corner, jaw = (int(8 * units[i::4].mean()) for i in range(4))
    for x in (44, 84):
        cv2.ellipse(image, (x, 52), (8, 4 + lid), 0, 0, 360, 40, -1)
        cv2.line(image, (x - 10, 40 - brow), (x + 10, 40 - 2 * brow), 40, 4)
    cv2.ellipse(image, (64, 88), (18, 3 + 2 * jaw), 0, 0 - 4 * corner, 180 + 4 * corner, 30, -1)
    noise = rng.normal(0, 4, image.shape)
    return np.asarray(cv2.resize(np.clip(image + noise, 0, 255).astype(np.uint8), (size, size)), np.uint8)


def shapes(units: npt.NDArray[np.bool_], rng: np.random.Generator) -> npt.NDArray[np.float16]:
    """Blendshapes [N, 52] of the units [N, 16]: one column each moves, the others only tremble."""
    out = rng.uniform(OFF - 0.05, OFF + 0.05, (len(units), len(SHAPES)))
    out[:, FREE] = np.where(units, ON, OFF) + rng.uniform(-0.05, 0.05, units.shape)
    return out.astype(np.float16)


def write(folder: Path, seed: int = 1) -> Path:
    """Every file `facecue train` reads, always the same; returns the folder."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    _write_ckplus(folder, rng)
    _write_ferplus(folder, rng)
    _write_lfw(folder, rng)
    return folder


def change(path: Path, **columns: Any) -> None:
    """The same .npz with other columns; None takes one away."""
    with np.load(path) as archive:
        held = {name: archive[name] for name in archive.files}
    np.savez(path, **{name: array for name, array in {**held, **columns}.items() if array is not None})


STAGE = "[[stage]]\nimage_size = 32\nimages = 8\nlearning_rate = 1e-3\n"
HEADS = {
    "action_units": {"target": "action_units", "weight": 4.0},
    "emotions": {"target": "emotions", "reads": "action_units"},
    "direct_emotions": {"target": "emotions", "weight": 0.4},
    "blendshapes": {"target": "blendshapes", "weight": 2.0},
}
"""The heads of a recipe that names none."""


def heads(**changes: dict[str, Any]) -> str:
    """The usual heads as tables of a recipe, some changed or new ones added."""
    every = [{"name": name, **HEADS.get(name, {}), **changes.get(name, {})} for name in {**HEADS, **changes}]
    return "".join(
        "[[head]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in head.items())
        for head in every
    )


def recipe(path: Path, lines: str = "", data: str = "", stages: str = "", tables: str = "") -> Path:
    """A recipe of two steps at 32 px from random weights; more lines and tables go into it."""
    stages = stages or STAGE
    path.write_text(
        f'name = "tiny"\nstart = ""\nbatch_size = 4\nprecision = "float32"\n{lines}\n'
        f"[data]\n{data}\n{tables}\n{stages}"
    )
    return path


def _write_ckplus(folder: Path, rng: np.random.Generator) -> None:
    rows = []
    for name in people():
        for sequence in (1, 2):
            video = f"{name}_{sequence:03d}"
            units = rng.random(len(PROTOCOL)) < 0.35
            rows += [(name, video, 18, "near-peak", units), (name, video, 20, "peak", units)]
        rows.append((name, f"{name}_001", 1, "onset", np.zeros(len(PROTOCOL), bool)))
    for file, kinds, size in (
        ("ckplus_128", ("peak", "onset"), 128),
        ("ckplus_48", ("near-peak", "peak"), 48),
    ):
        chosen = [row for row in rows if row[3] in kinds]
        subject, video, frame, kind, units = (np.array(column) for column in zip(*chosen))
        codes = np.zeros((len(chosen), len(CK_UNITS)), np.uint8)
        for k, unit in enumerate(PROTOCOL):
            codes[:, CK_UNITS.index(int(unit[2:]))] = units[:, k]
        np.savez(
            folder / f"{file}.npz",
            images=np.stack([face(size, row, rng) for row in units]),
            aus=codes,
            au_names=np.array([f"AU{unit}" for unit in CK_UNITS]),
            subject=subject,
            video=video,
            frame=frame,
            emotion=np.full(len(chosen), "neutral"),
            kind=kind,
        )
        if file == "ckplus_128":
            np.savez(
                folder / "blendshapes_ckplus_128.npz",
                video=video,
                frame=frame,
                blendshapes=shapes(units, rng),
                blendshape_names=np.array(SHAPES),
            )


def _write_ferplus(folder: Path, rng: np.random.Generator, train: int = 64, valid: int = 48) -> None:
    count = train + valid
    units = rng.random((count, len(PROTOCOL))) < 0.2
    votes = np.zeros((count, 10), np.uint8)
    for row in range(count):
        # Every emotion is the plurality of some rows; one rater in ten is alone.
        votes[row, row % 8] = 8
        votes[row, (row + 3) % 10] += 1
        votes[row, (row + 5) % 8] += 1
    units[votes[:, 0] >= 8] = False
    names = np.array([f"fer{row:07d}" for row in range(count)])
    twin = np.zeros(count, bool)
    twin[-6:] = True
    np.savez(
        folder / "ferplus.npz",
        images=np.stack([face(48, row, rng) for row in units]),
        votes=votes,
        vote_names=np.array([*EMOTIONS, "unknown", "NF"]),
        split=np.array(["train"] * train + ["valid"] * valid),
        twin_of_train=twin,
        fer2013_label=np.full(count, "neutral"),
        name=names,
    )
    detected = np.ones(count, bool)
    detected[5] = False
    np.savez(
        folder / "blendshapes_ferplus.npz",
        name=names,
        detected=detected,
        blendshapes=shapes(units, rng),
        blendshape_names=np.array(SHAPES),
        landmarks5=np.zeros((count, 5, 2), np.float16),
    )


def _write_lfw(folder: Path, rng: np.random.Generator, count: int = 24) -> None:
    units = rng.random((count, len(PROTOCOL))) < 0.2
    units[::2] = False
    names = [f"Some_Body_{row:04d}" for row in range(count)]
    table = io.StringIO()
    labels = csv.writer(table)
    labels.writerow(["file", "emotion"])
    with zipfile.ZipFile(folder / "lfw_expressions.zip", "w") as archive:
        for row, name in enumerate(names):
            labels.writerow([f"{name}.jpg", "happiness" if row % 2 else "neutral"])
            archive.writestr(
                f"images/{name}.jpg", cv2.imencode(".jpg", face(100, units[row], rng))[1].tobytes()
            )
        archive.writestr("labels.csv", table.getvalue())
    detected = np.ones(count, bool)
    detected[3] = False
    np.savez(
        folder / "blendshapes_lfw.npz",
        name=np.array(names),
        detected=detected,
        blendshapes=shapes(units, rng),
        blendshape_names=np.array(SHAPES),
    )
