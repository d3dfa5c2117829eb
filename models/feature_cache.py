"""What the frozen blocks see in degraded copies of every picture, computed once and kept on the disk.

On a processor most of the time of a step goes into blocks that do not move. Their answers are stored as
FP16; a later run with the same weights, pictures and stage finds them again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from tqdm import tqdm

from models.batches import Views
from models.checkpoint import TrainingError
from models.networks.face_net import FaceNet
from models.recipe import Stage

CHECKED = 8
"""Rows that are computed afresh whenever a cache is opened."""
AGREEMENT = 0.02
"""Allowed between a stored and a fresh answer, relative to the largest: FP16, and bfloat16 nearby."""
SEED = 7


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
    known = json.loads(note.read_text(encoding="utf-8")) if note.is_file() else {}
    if known.get("key") != key or not path.is_file():
        known = {"key": key, "done": 0}
        stored = np.lib.format.open_memmap(path, "w+", np.float16, (copies, count, *shape))
    else:
        stored = np.lib.format.open_memmap(path, "r+")
    jobs = [(copy, begin) for copy in range(copies) for begin in range(0, count, 256)]
    bar = tqdm(jobs[known["done"] :], initial=known["done"], total=len(jobs), desc="features", mininterval=5)
    for position, (copy, begin) in enumerate(bar, known["done"]):
        rows = np.arange(begin, min(begin + 256, count))
        stored[copy, rows] = _answer(net, stage, views, rows, mirrored[copy, rows], copy).numpy()
        if position % 20 == 19 or position + 1 == len(jobs):
            stored.flush()
            note.write_text(json.dumps({"key": key, "done": position + 1}) + "\n", encoding="utf-8")
    _verify(stored, net, stage, views, mirrored, folder)
    return FeatureCache(stored, mirrored)


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
    digest = hashlib.sha256(f"{stage.image_size} {stage.first_pool} {stage.freeze_blocks}".encode())
    for block in net.blocks[: stage.freeze_blocks]:
        for value in block.state_dict().values():
            digest.update(value.detach().cpu().numpy().tobytes())
    digest.update(views.fingerprint())
    return digest.hexdigest()
