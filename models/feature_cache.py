"""What the frozen blocks see in degraded copies of every picture, computed once and kept on the disk.

On a processor most of the time of a step goes into blocks that do not move. Their answers are stored as
FP16; a later run with the same weights, pictures and stage finds them again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from tqdm import tqdm

from models.batches import Views
from models.checkpoint import TrainingError
from models.data.readers import cause
from models.networks.face_net import FaceNet
from models.recipe import Stage

CHECKED = 8
"""Rows that are computed afresh whenever a cache is opened."""
AGREEMENT = 0.02
"""Allowed between a stored and a fresh answer, relative to the largest: FP16, and bfloat16 nearby."""
SEED = 7
ROWS = 256
"""Pictures that are answered at once."""
NOTED = 20
"""So many times ROWS pictures are lost at most to a kill."""


@dataclass(frozen=True, eq=False)
class FeatureCache:
    """features: float16 [copies, N, C, H, W]; mirrored: bool [copies, N], which copies are mirror images."""

    features: npt.NDArray[np.float16]
    mirrored: npt.NDArray[np.bool_]

    @property
    def copies(self) -> int:
        return len(self.features)

    def take(
        self, rows: npt.NDArray[np.intp], copies: npt.NDArray[np.intp]
    ) -> tuple[Tensor, npt.NDArray[np.bool_]]:
        """float32 [len(rows), C, H, W], and which of them are mirrored."""
        features = np.stack([self.features[copy, row] for copy, row in zip(copies, rows)])
        x = torch.from_numpy(features.astype(np.float32)).contiguous(memory_format=torch.channels_last)
        return x, self.mirrored[copies, rows]


def open_or_make(output: Path, number: int, stage: Stage, net: FaceNet, views: Views) -> FeatureCache:
    """The cache of a stage, filled if need be; a half-filled one goes on where it stood.

    Raises TrainingError if what is stored is not what the net answers now: a cache that is out of step
    with its labels would train quietly to nonsense.
    """
    folder = output / f"features-{number}"
    folder.mkdir(parents=True, exist_ok=True)
    key = _key(stage, net, views)
    note = folder / "key.json"
    count, copies = views.count, stage.cached_copies
    mirrored = np.random.default_rng([SEED, number]).random((copies, count)) < 0.5
    shape = _answer(net, stage, views, np.arange(1), mirrored[0, :1], 0).shape[1:]
    path = folder / "features.npy"
    done = _done(note, key) if path.is_file() else 0
    if done:
        stored = _opened(path, (copies, count, *shape))
    else:
        # Before the file: what an older note says must not be believed of the new file.
        _write_note(note, key, 0)
        stored = np.lib.format.open_memmap(path, "w+", np.float16, (copies, count, *shape))
    jobs = [(copy, begin) for copy in range(copies) for begin in range(0, count, ROWS)]
    bar = tqdm(jobs[done:], initial=done, total=len(jobs), desc="features", mininterval=5)
    for position, (copy, begin) in enumerate(bar, done):
        rows = np.arange(begin, min(begin + ROWS, count))
        stored[copy, rows] = _answer(net, stage, views, rows, mirrored[copy, rows], copy).numpy()
        if position % NOTED == NOTED - 1 or position + 1 == len(jobs):
            stored.flush()
            _write_note(note, key, position + 1)
    _verify(stored, net, stage, views, mirrored, folder)
    return FeatureCache(stored, mirrored)


def _done(note: Path, key: str) -> int:
    """How many jobs of the file beside `note` are done for this key."""
    try:
        known = json.loads(note.read_text(encoding="utf-8"))
        return int(known["done"]) if known["key"] == key else 0
    except (OSError, ValueError, TypeError, KeyError):
        return 0


def _write_note(note: Path, key: str, done: int) -> None:
    part = note.with_suffix(".part")
    part.write_text(json.dumps({"key": key, "done": done}) + "\n", encoding="utf-8")
    part.replace(note)


def _opened(path: Path, shape: tuple[int, ...]) -> np.memmap[Any, np.dtype[np.float16]]:
    try:
        # Read first: opened for writing, a file cut off would be filled up with zeros.
        whole = np.load(path, mmap_mode="r")
        if whole.shape != shape or whole.dtype != np.float16:
            raise ValueError(f"{whole.dtype} {whole.shape}")
        return np.lib.format.open_memmap(path, "r+")
    except (OSError, ValueError, EOFError) as error:
        raise TrainingError(
            f"{path} is damaged ({cause(error)}): delete {path.parent}, then go on"
        ) from error


@torch.no_grad()
def _answer(
    net: FaceNet,
    stage: Stage,
    views: Views,
    rows: npt.NDArray[np.intp],
    mirrored: npt.NDArray[np.bool_],
    copy: int,
) -> Tensor:
    images = views.make(rows, mirrored, [[SEED, copy, int(row)] for row in rows])
    was = net.training
    net.eval()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bool(torch.cpu._is_avx512_bf16_supported())):
        out = net.prefix(images, stage.freeze_blocks)
    net.train(was)
    return out.float().clamp(-65504, 65504).half()


def _verify(
    stored: npt.NDArray[np.float16],
    net: FaceNet,
    stage: Stage,
    views: Views,
    mirrored: npt.NDArray[np.bool_],
    folder: Path,
) -> None:
    rng = np.random.default_rng(SEED)
    for _ in range(min(CHECKED, views.count)):
        copy, row = int(rng.integers(len(stored))), int(rng.integers(views.count))
        fresh = _answer(net, stage, views, np.array([row]), mirrored[copy, [row]], copy)[0].numpy()
        wanted, got = fresh.astype(np.float32), stored[copy, row].astype(np.float32)
        if not np.abs(wanted - got).max() <= AGREEMENT * max(float(np.abs(wanted).max()), 1e-3):
            raise TrainingError(
                f"{folder} holds other features than the net gives now: delete it, then go on"
            )


def _key(stage: Stage, net: FaceNet, views: Views) -> str:
    shape = f"{stage.image_size} {stage.first_pool} {stage.freeze_blocks} {stage.cached_copies}"
    digest = hashlib.sha256(shape.encode())
    for value in (net.mean, net.scale):
        digest.update(value.detach().cpu().numpy().tobytes())
    for block in net.blocks[: stage.freeze_blocks]:
        for value in block.state_dict().values():
            digest.update(value.detach().cpu().numpy().tobytes())
    digest.update(views.fingerprint())
    return digest.hexdigest()
