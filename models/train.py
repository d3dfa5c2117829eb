"""Training: draws, steps, checkpoints; a killed run goes on where it stood, with the same result."""

from __future__ import annotations

import copy
import hashlib
import json
import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from edge.facs import UNIT_COLUMNS
from models import checkpoint, feature_cache, optimiser
from models.assemble import TrainingData
from models.batches import Views, plain_views, targets_of
from models.checkpoint import DivergedError, TrainingError
from models.data.faceset import FaceSet
from models.losses import class_shares, losses
from models.networks import deployed, initialise
from models.networks.build import build, set_stage
from models.networks.face_net import FaceNet
from models.networks.go_on import go_on
from models.networks.vgg_face_au import VggFaceAu
from models.progress import Progress
from models.recipe import Recipe, Stage

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Start:
    """Where the first weights come from. bgr: the file's first filters read blue first."""

    path: Path | None = None
    bgr: bool = False


def train(
    recipe: Recipe,
    data: TrainingData,
    output: Path,
    start: Start | None = None,
    workers: int | None = None,
    only: range | None = None,
    soft: TrainingData | None = None,
) -> Path:
    """Run every stage of the recipe; returns the path of the averaged weights.

    output receives `start.json` (where the weights came from), `checkpoint.pt` (to resume), `log.jsonl`,
    `tensorboard/`, `curves.png`, `shared.pt` (behind the shared stages) and, at the end, `net.pt`. workers:
    threads that prepare pictures (default: one fewer than the processor has); the result does not hang on
    them. only: the stages to run. soft: the same data with the targets of models.distil, for all stages but
    the shared ones.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingError(
            f"{output} cannot be made a folder ({error.strerror}): give another --output"
        ) from error
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    here = [
        n for n, s in enumerate(recipe.stage) if s.on in ("any", "gpu" if device.type == "cuda" else "cpu")
    ]
    chosen = [n for n in here if only is None or n in only]
    if not chosen:
        raise TrainingError(f'none of the stages is for this device ({device}): give one of them on = "any"')
    run = _Run(
        recipe, (data, soft or data), output, device, workers or max(1, (os.cpu_count() or 1) - 1), here
    )
    state = checkpoint.read(output / "checkpoint.pt", recipe)
    run.begin(state, start or Start())
    at_stage, at_step = (state["stage"], state["step"]) if state else (0, 0)
    for number in chosen:
        if number < at_stage:
            continue
        # A stage begins with a new optimiser; the one saved at the end of the stage before is done.
        in_it = bool(at_step) and number == at_stage
        run.stage(number, at_step if in_it else 0, state if in_it else None)
    final = output / "net.pt"
    checkpoint.write(final, {"net": run.average.state_dict(), "recipe": asdict(recipe)})
    return final


class _Run:
    """One training under way."""

    def __init__(
        self,
        recipe: Recipe,
        data: tuple[TrainingData, TrainingData],
        output: Path,
        device: torch.device,
        workers: int,
        stages: list[int],
    ) -> None:
        self._recipe = recipe
        self._shared_data, self._data = data
        self._first = stages[0]
        self._last_shared = max((n for n in stages if n < recipe.shared_stages), default=-1)
        self._output = output
        self._device = device
        self._workers = workers
        torch.manual_seed(recipe.seed)
        self.net = build(recipe)
        self.average = self.net

    def begin(self, state: dict[str, Any] | None, start: Start) -> None:
        """Weights from the checkpoint, else from the file the recipe starts from, else random."""
        if state is None:
            self._initialise(start)
        self.net = self.net.to(self._device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.net).eval()
        if state is not None:
            self.net.load_state_dict(state["net"])
            self.average.load_state_dict(state["average"])

    def _initialise(self, start: Start) -> None:
        recipe, path, kind = self._recipe, start.path, ""
        if recipe.start:
            if path is None or not path.is_file():
                raise TrainingError(
                    f'the recipe starts from "{recipe.start}", which is not at {path}: '
                    "give its path with --start (docs/training.md says where to get it)"
                )
            kind = self._fill(path, start.bgr)
            log.info("started from %s weights", kind)
            _note_start(self._output, kind, path)
        if isinstance(self.net, VggFaceAu) and kind != "run":
            faces, first = self._data.train, recipe.stage[self._first]
            # Not even the pictures of people who may be tested later decide on what all folds share.
            rows = np.flatnonzero(~self._data.coded)
            rows = rows[:: len(rows) // 256 or 1][:256]
            set_stage(self.net, first.first_pool)
            initialise.preserve(self.net, plain_views(faces, rows, first.image_size))

    def _fill(self, path: Path, bgr: bool) -> str:
        if path.suffix == ".safetensors" and deployed.is_released(path):
            go_on(self.net, path, UNIT_COLUMNS)
            return "released"
        return initialise.start(self.net, path, bgr)

    def stage(self, number: int, first: int, state: dict[str, Any] | None) -> None:
        """Train one stage from step `first` on."""
        recipe, stage = self._recipe, self._recipe.stage[number]
        for net in (self.net, self.average):
            set_stage(net, stage.first_pool)
        self.net.freeze(stage.freeze_blocks)
        # What a stage before left behind in frozen blocks would count when gradients are clipped.
        self.net.zero_grad(set_to_none=True)
        self.net.train()
        moves = optimiser.make(self.net, stage, recipe)
        if state is not None:
            moves.load_state_dict(state["optimiser"])
        steps = stage.images // recipe.batch_size
        # What all groups of people share may know nothing that a net says which was taught about them.
        data = self._shared_data if number < recipe.shared_stages else self._data
        batches = _Batches(recipe, stage, number, data, self._workers, self._device)
        cached = bool(stage.cached_copies) and self._device.type == "cpu"
        bfloat16 = _bfloat16(recipe, self._device)
        with ExitStack() as stack:
            stack.callback(batches.close)
            if cached:
                batches.cache(
                    feature_cache.open_or_make(self._output, number, stage, self.net, batches.views)
                )
            progress = stack.enter_context(Progress(self._output, number, stage, first, steps))
            for step in progress:
                optimiser.set_rate(moves, step, steps, stage)
                x, wanted, weight = batches.make(step)
                with torch.autocast(self._device.type, dtype=torch.bfloat16, enabled=bfloat16):
                    answers = self.net(x, stage.freeze_blocks if cached else 0)
                terms = losses(answers, wanted, weight, recipe, stage, batches.shares)
                total = torch.stack(list(terms.values())).sum()
                if not torch.isfinite(total):
                    raise DivergedError(
                        f"the loss is no number at step {step}: lower learning_rate in the recipe"
                    )
                moves.zero_grad(set_to_none=True)
                total.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(self.net.parameters(), recipe.optimiser.clip_norm)
                moves.step()
                optimiser.follow(self.average, self.net, self._decay(number, step))
                progress.note(step, terms, moves)
                done = step + 1 == steps
                if done and number == self._last_shared:
                    # Before the checkpoint: a kill between the two would leave it unwritten for ever.
                    self._save("shared.pt", moves, recipe.shared_stages, 0)
                if done or (step + 1) % recipe.checkpoint_every == 0:
                    self._save(
                        "checkpoint.pt", moves, number + 1 if done else number, 0 if done else step + 1
                    )

    def _decay(self, number: int, step: int) -> float:
        decay = self._recipe.average_decay
        return min(decay, (step + 1) / (step + 10)) if number == self._first else decay

    def _save(self, name: str, moves: torch.optim.Optimizer, stage: int, step: int) -> None:
        checkpoint.write(
            self._output / name,
            {
                "recipe": asdict(self._recipe),
                "net": self.net.state_dict(),
                "average": self.average.state_dict(),
                "optimiser": moves.state_dict(),
                "stage": stage,
                "step": step,
            },
        )


class _Batches:
    """What each step of a stage sees; it hangs on the seed and the step alone."""

    def __init__(
        self,
        recipe: Recipe,
        stage: Stage,
        number: int,
        data: TrainingData,
        workers: int,
        device: torch.device,
    ) -> None:
        self._recipe = recipe
        self._number = number
        self._device = device
        self._chance = data.chance(recipe.draw(stage))
        self._targets = targets_of(data, recipe.head, recipe.data.coded_weight)
        self.views = Views(data.train, stage.image_size, workers)
        shares = class_shares(recipe.head, self._targets.plain, self._chance)
        self.shares = {name: share.to(device) for name, share in shares.items()}
        self._cache: feature_cache.FeatureCache | None = None

    def cache(self, cache: feature_cache.FeatureCache) -> None:
        """Draw from stored features from now on."""
        self._cache = cache

    def make(self, step: int) -> tuple[Tensor, dict[str, Tensor], Tensor]:
        """Pictures or features, the targets of every head, and the weight of each row."""
        # Seeded by the step, not by what ran before: a resumed run draws what it would have drawn.
        seed = [self._recipe.seed, self._number, step]
        rng = np.random.default_rng(seed)
        torch.manual_seed(int(rng.integers(2**31)))
        rows = rng.choice(len(self._chance), self._recipe.batch_size, p=self._chance)
        if self._cache is not None:
            copies = rng.integers(self._cache.copies, size=len(rows))
            x, mirrored = self._cache.take(rows, copies)
        else:
            mirrored = rng.random(len(rows)) < 0.5
            x = self.views.make(rows, mirrored, [[*seed, i] for i in range(len(rows))])
        wanted = {
            head.name: self._targets.of(rows, mirrored, head.name).to(self._device)
            for head in self._recipe.head
        }
        weight = torch.from_numpy(self._targets.weight[rows]).to(self._device)
        return x.to(self._device), wanted, weight

    def close(self) -> None:
        self.views.close()


@torch.no_grad()
def predict(
    net: FaceNet, faces: FaceSet, size: int, batch: int = 64, bfloat16: bool = False
) -> np.ndarray[Any, Any]:
    """Action-unit logits of every face as the device would see it: float32 [N, K].

    bfloat16: several times as quick where the hardware has it, and as coarse as training was.
    """
    net.eval()
    rows = np.arange(len(faces))
    device = next(net.parameters()).device
    parts = [
        _units(net, plain_views(faces, chunk, size).to(device), bfloat16) for chunk in _chunks(rows, batch)
    ]
    return np.concatenate(parts)


def _units(net: FaceNet, images: Tensor, bfloat16: bool) -> np.ndarray[Any, Any]:
    with torch.autocast(images.device.type, dtype=torch.bfloat16, enabled=bfloat16):
        logits = net.unit_logits(images)
    return np.asarray(logits.float().cpu().numpy())


def runs_bfloat16(recipe: Recipe) -> bool:
    """Whether this recipe is trained in bfloat16 on this processor."""
    return _bfloat16(recipe, torch.device("cpu"))


def _chunks(rows: np.ndarray[Any, Any], size: int) -> Iterator[np.ndarray[Any, Any]]:
    for begin in range(0, len(rows), size):
        yield rows[begin : begin + size]


def _bfloat16(recipe: Recipe, device: torch.device) -> bool:
    if recipe.precision == "auto":
        return device.type == "cuda" or bool(torch.cpu._is_avx512_bf16_supported())
    return recipe.precision == "bfloat16"


def _note_start(output: Path, kind: str, start: Path) -> None:
    digest = hashlib.sha256(start.read_bytes()).hexdigest()
    note = {"kind": kind, "file": start.name, "sha256": digest}
    (output / "start.json").write_text(json.dumps(note) + "\n", encoding="utf-8")
