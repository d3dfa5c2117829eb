"""Training: draws, steps, checkpoints; a killed run goes on where it stood, with the same result."""

from __future__ import annotations

import copy
import hashlib
import json
import logging
import math
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from edge import preprocess
from edge.errors import FacecueError
from edge.facs import ACTION_UNITS, EMOTIONS
from models.assemble import TrainingData
from models.data.augment import degrade
from models.data.faceset import FaceSet
from models.data.readers import cause
from models.networks import initialise
from models.networks.vgg_face_au import BLOCKS, Prediction, VggFaceAu
from models.recipe import Recipe, Stage

log = logging.getLogger(__name__)

WARM_UP = 0.06
"""Share of a stage in which the learning rate rises."""
GENTLE = {0: 0.2, 1: 0.3, 2: 0.6}
"""Earlier blocks are already right for pictures in general and move more slowly."""


class TrainingError(FacecueError, RuntimeError):
    """Training cannot begin or go on."""


@dataclass(frozen=True)
class Batch:
    """images float32 [N, 3, S, S]; targets are NaN where unknown; coded: a FACS coder's word."""

    images: Tensor
    action_units: Tensor
    emotions: Tensor
    blendshapes: Tensor
    coded: Tensor


def build(recipe: Recipe) -> VggFaceAu:
    """The net of a recipe, with random weights."""
    return VggFaceAu(len(ACTION_UNITS), len(EMOTIONS), 52, recipe.dropout)


def train(recipe: Recipe, data: TrainingData, output: Path, start: Path | None, bgr: bool = False) -> Path:
    """Run every stage of the recipe; returns the path of the averaged weights.

    output receives `start.json` (where the weights came from), `checkpoint.pt` (to resume),
    `log.jsonl` and, at the end, `net.pt`. bgr: the filters in `start` read blue first.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingError(
            f"{output} cannot be made a folder ({error.strerror}): give another --output"
        ) from error
    torch.manual_seed(recipe.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    net = build(recipe)
    state = _load_checkpoint(output / "checkpoint.pt", recipe)
    if state is None:
        if recipe.start:
            if start is None or not start.is_file():
                raise TrainingError(
                    f'the recipe starts from "{recipe.start}", which is not at {start}: '
                    "give its path with --start (docs/training.md says where to get it)"
                )
            kind = initialise.load(net, start, bgr)
            log.info("started from %s weights", kind)
            _note_start(output, kind, start)
        sample = _plain(data.train, np.arange(0, len(data.train), len(data.train) // 256 or 1)[:256], 48)
        initialise.preserve(net, sample)
    net = net.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = copy.deepcopy(net).eval()
    if state is not None:
        net.load_state_dict(state["net"])
        average.load_state_dict(state["average"])
    at_stage, at_step = (state["stage"], state["step"]) if state else (0, 0)
    for number, stage in enumerate(recipe.stage):
        if number < at_stage:
            continue
        # A stage begins with a new optimiser; the one saved at the end of the stage before is done.
        under_way = state if at_step else None
        _run_stage(recipe, stage, number, data, net, average, output, device, at_step, under_way)
        at_step, state = 0, None
    final = output / "net.pt"
    _write(final, {"net": average.state_dict(), "recipe": asdict(recipe)})
    return final


def _run_stage(
    recipe: Recipe,
    stage: Stage,
    number: int,
    data: TrainingData,
    net: VggFaceAu,
    average: VggFaceAu,
    output: Path,
    device: torch.device,
    first: int,
    state: dict[str, Any] | None,
) -> None:
    for parameter in net.parameters():
        parameter.requires_grad_(True)
    net.freeze(stage.freeze_blocks)
    net.first_pool = average.first_pool = stage.first_pool
    net.train()
    optimiser = torch.optim.AdamW(_groups(net, stage, recipe), betas=(0.9, 0.98))
    if state is not None:
        optimiser.load_state_dict(state["optimiser"])
    steps = stage.images // recipe.batch_size
    bfloat16 = _bfloat16(recipe, device)
    bar = tqdm(range(first, steps), initial=first, total=steps, desc=f"{stage.image_size} px", mininterval=5)
    for step in bar:
        rate = _rate(step, steps)
        for group in optimiser.param_groups:
            group["lr"] = group["peak"] * rate
        # Seeded by the step, not by what ran before: a resumed run draws what it would have drawn.
        rng = np.random.default_rng([recipe.seed, number, step])
        torch.manual_seed(int(rng.integers(2**31)))
        batch = draw(data, recipe, stage.image_size, rng, device)
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=bfloat16):
            prediction = net(batch.images)
        terms = losses(prediction, batch, recipe)
        total = torch.stack(list(terms.values())).sum()
        if not torch.isfinite(total):
            raise TrainingError(f"the loss is no number at step {step}: lower learning_rate in the recipe")
        optimiser.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        _follow(
            average,
            net,
            min(recipe.average_decay, (step + 1) / (step + 10)) if number == 0 else recipe.average_decay,
        )
        if step % 20 == 0:
            values = {k: round(float(v.detach()), 4) for k, v in terms.items()}
            bar.set_postfix(values)
            with (output / "log.jsonl").open("a") as stream:
                stream.write(json.dumps({"stage": number, "step": step, **values}) + "\n")
        if (step + 1) % recipe.checkpoint_every == 0 or step + 1 == steps:
            done = step + 1 == steps
            _write(
                output / "checkpoint.pt",
                {
                    "recipe": asdict(recipe),
                    "net": net.state_dict(),
                    "average": average.state_dict(),
                    "optimiser": optimiser.state_dict(),
                    "stage": number + 1 if done else number,
                    "step": 0 if done else step + 1,
                },
            )


def draw(
    data: TrainingData, recipe: Recipe, size: int, rng: np.random.Generator, device: torch.device
) -> Batch:
    """A batch of degraded pictures, drawn by weight with replacement."""
    rows = rng.choice(len(data.train), recipe.batch_size, p=data.chance)
    crops = [degrade(data.train.images[i], size, rng) for i in rows]
    images = np.stack([preprocess.net_input(c, size) for c in crops])
    low, high = data.blendshape_range
    shapes = (data.train.blendshapes[rows] - low) / np.maximum(high - low, 1e-3)
    shapes[:, high - low < 0.02] = np.nan  # a blendshape that never moves teaches nothing

    def put(array: Any) -> Tensor:
        return torch.from_numpy(np.asarray(array)).to(device)

    return Batch(
        put(images).contiguous(memory_format=torch.channels_last),
        put(data.train.action_units[rows]),
        put(data.train.emotions[rows]),
        put(np.clip(shapes, 0.0, 1.0).astype(np.float32)),
        put(data.coded[rows]),
    )


def losses(prediction: Prediction, batch: Batch, recipe: Recipe) -> dict[str, Tensor]:
    """The weighted terms; what is unknown weighs nothing."""
    loss = recipe.loss
    known = torch.isfinite(batch.action_units)
    # A coder's 0 and 1 are not beyond doubt either (agreement of FACS coders: about 0.8 kappa).
    target = batch.action_units.nan_to_num(0.5).clamp(0.03, 0.97)
    weight = known.float() * torch.where(batch.coded[:, None], loss.coded_weight, 1.0)
    units = functional.binary_cross_entropy_with_logits(
        prediction.action_units, target, weight, reduction="sum"
    )
    voted = torch.isfinite(batch.emotions).all(dim=1)
    votes = batch.emotions[voted]
    count = max(int(voted.sum()), 1)

    def cross_entropy(logits: Tensor) -> Tensor:
        return -(votes * torch.log_softmax(logits[voted].float(), dim=1)).sum() / count

    seen = torch.isfinite(batch.blendshapes)
    shapes = functional.binary_cross_entropy_with_logits(
        prediction.blendshapes, batch.blendshapes.nan_to_num(0.5), seen.float(), reduction="sum"
    )
    return {
        "action_units": loss.action_units * units / weight.sum().clamp(min=1.0),
        "emotions": loss.emotions * cross_entropy(prediction.emotions),
        "direct_emotions": loss.direct_emotions * cross_entropy(prediction.direct_emotions),
        "blendshapes": loss.blendshapes * shapes / seen.sum().clamp(min=1),
    }


@torch.no_grad()
def predict(net: VggFaceAu, faces: FaceSet, size: int, batch: int = 64) -> np.ndarray[Any, Any]:
    """Action-unit logits of every face as the device would see it: float32 [N, K]."""
    net.eval()
    out = []
    for begin in range(0, len(faces), batch):
        rows = np.arange(begin, min(begin + batch, len(faces)))
        out.append(net.action_unit_head(net.features(_plain(faces, rows, size))).numpy())
    return np.concatenate(out)


def _plain(faces: FaceSet, rows: Any, size: int) -> Tensor:
    images = np.stack([preprocess.net_input(faces.images[i], size) for i in rows])
    return torch.from_numpy(images).contiguous(memory_format=torch.channels_last)


def _groups(net: VggFaceAu, stage: Stage, recipe: Recipe) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = []
    for index, block in enumerate(net.blocks[: len(BLOCKS)]):
        if index >= stage.freeze_blocks:
            groups.append(
                {"params": list(block.parameters()), "peak": stage.learning_rate * GENTLE.get(index, 1.0)}
            )
    inside = {id(p) for block in net.blocks for p in block.parameters()}
    heads = [p for p in net.parameters() if id(p) not in inside]
    groups.append({"params": heads, "peak": stage.learning_rate * 3.0})
    for group in groups:
        group.update(lr=group["peak"], weight_decay=recipe.weight_decay)
    return groups


def _rate(step: int, steps: int) -> float:
    warm = max(1, int(steps * WARM_UP))
    if step < warm:
        return (step + 1) / warm
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def _bfloat16(recipe: Recipe, device: torch.device) -> bool:
    if recipe.precision == "auto":
        return device.type == "cuda" or bool(torch.cpu._is_avx512_bf16_supported())
    return recipe.precision == "bfloat16"


@torch.no_grad()
def _follow(average: nn.Module, net: nn.Module, decay: float) -> None:
    for ours, theirs in zip(average.state_dict().values(), net.state_dict().values()):
        if ours.dtype.is_floating_point:
            ours.lerp_(theirs, 1.0 - decay)
        else:
            ours.copy_(theirs)


def _note_start(output: Path, kind: str, start: Path) -> None:
    digest = hashlib.sha256(start.read_bytes()).hexdigest()
    note = {"kind": kind, "file": start.name, "sha256": digest}
    (output / "start.json").write_text(json.dumps(note) + "\n", encoding="utf-8")


def _load_checkpoint(path: Path, recipe: Recipe) -> dict[str, Any] | None:
    if not path.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        same = state["recipe"] == asdict(recipe)
    except initialise.UNREADABLE as error:
        raise TrainingError(f"{path} is damaged ({cause(error)}): delete it to begin anew") from error
    if not same:
        raise TrainingError(f"{path} belongs to another recipe: give another --output, or delete it")
    log.info("going on from stage %d, step %d", state["stage"], state["step"])
    return state


def _write(path: Path, state: dict[str, Any]) -> None:
    """Atomically: a kill in the middle leaves the former file whole."""
    part = path.with_suffix(".part")
    with part.open("wb") as stream:
        torch.save(state, stream)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)
