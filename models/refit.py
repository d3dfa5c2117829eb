"""The emotion stage fitted once more, on what the finished net says of undisturbed faces.

While the net is trained, the stage reads units of degraded pictures, and units that still change. On the
answers of the finished net the same small perceptron finds better boundaries in seconds, and rare emotions
can be weighed without touching the units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from edge.facs import EMOTIONS, UNIT_COLUMNS
from models.batches import MIRRORED_UNITS
from models.networks.emotion_stage import EmotionStage
from models.recipe import RefitRecipe
from models.targets import cross_entropy

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Voted:
    """Faces of one kind, with what people called them.

    logits: float32 [N, K], the net's answers. votes: float32 [N, E], their distributions over the
    emotions. weight: float64 [N], how often each is drawn among its kind. share: of all draws.
    """

    logits: Float32
    votes: Float32
    weight: npt.NDArray[np.float64]
    share: float

    @classmethod
    def evenly(cls, logits: Float32, votes: Float32, share: float) -> Voted:
        """Acted faces: a rare emotion is drawn more often, and nobody is certain (a tenth is spread)."""
        kinds = votes.argmax(axis=1)
        weight = 1.0 / np.sqrt(np.bincount(kinds, minlength=votes.shape[1])[kinds])
        return cls(logits, (0.9 * votes + 0.1 / votes.shape[1]).astype(np.float32), weight, share)


def refit(drawn: Sequence[Voted], recipe: RefitRecipe, seed: int) -> EmotionStage:
    """A new emotion stage for the units of these faces.

    Each row stands for its mirror image too. How common an emotion is, is reckoned for every kind by
    itself. The same seed gives the same stage.
    """
    units = _mirrored([v.logits for v in drawn], [v.logits[:, MIRRORED_UNITS] for v in drawn])
    wanted = _mirrored([v.votes for v in drawn], [v.votes for v in drawn])
    chances = [np.asarray(v.weight, dtype=np.float64) / np.sum(v.weight) for v in drawn]
    priors = [np.tile(_prior(v.votes, c, recipe), (len(c), 1)) for v, c in zip(drawn, chances)]
    prior = _mirrored(priors, priors)
    shared = np.concatenate([v.share * c for v, c in zip(drawn, chances)])
    chance = np.concatenate([shared, shared]) / (2 * shared.sum())
    rng = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        stage = EmotionStage(len(UNIT_COLUMNS), len(EMOTIONS), recipe.hidden)
        moves = torch.optim.AdamW(stage.parameters(), weight_decay=recipe.weight_decay)
        steps = max(1, recipe.epochs * len(units) // recipe.batch_size)
        schedule = torch.optim.lr_scheduler.OneCycleLR(moves, recipe.learning_rate, total_steps=steps)
        for _ in range(steps):
            rows = torch.from_numpy(rng.choice(len(units), recipe.batch_size, p=chance))
            noise = torch.from_numpy(
                rng.normal(0, recipe.noise, (len(rows), units.shape[1])).astype(np.float32)
            )
            answer = stage(units[rows] + noise) + prior[rows]
            loss = cross_entropy(answer, wanted[rows], torch.ones(len(rows)))
            moves.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            moves.step()
            schedule.step()
    return stage.eval()


def _mirrored(as_they_are: list[Float32], mirrored: list[Float32]) -> torch.Tensor:
    return torch.from_numpy(np.concatenate([*as_they_are, *mirrored]))


def _prior(votes: Float32, chance: npt.NDArray[np.float64], recipe: RefitRecipe) -> Float32:
    """What is added to the scores while fitting (logit adjustment, Menon et al. 2021): float32 [E]."""
    share = (chance[:, None] * votes).sum(axis=0)
    share /= [recipe.lift.get(name, 1.0) for name in EMOTIONS]
    adjusted = recipe.balance * np.log(np.clip(share, 1e-4, recipe.balance_below))
    return np.asarray(adjusted, dtype=np.float32)
