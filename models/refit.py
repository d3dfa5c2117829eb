"""The emotion stage fitted once more, on what the finished net says of undisturbed faces.

While the net is trained, the stage reads units of degraded pictures, and units that still change. On the
answers of the finished net the same small perceptron finds better boundaries in seconds, and rare emotions
can be weighed without touching the units.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from edge.facs import EMOTIONS, UNIT_COLUMNS
from models.batches import MIRRORED_UNITS
from models.data.balance import drawing_weights
from models.networks.emotion_stage import EmotionStage
from models.recipe import RefitRecipe
from models.targets import cross_entropy

Float32 = npt.NDArray[np.float32]


def refit(logits: Float32, votes: Float32, recipe: RefitRecipe, cap: float, seed: int) -> EmotionStage:
    """A new emotion stage for these units.

    logits: float32 [N, K], the net's answers to training faces. votes: float32 [N, E], their distributions
    over the emotions. Each row stands for its mirror image too. cap: as data.rare_emotion_cap. The same seed
    gives the same stage.
    """
    units = torch.from_numpy(np.concatenate([logits, logits[:, MIRRORED_UNITS]]))
    votes = np.concatenate([votes, votes])
    chance = drawing_weights(votes, cap).astype(np.float64)
    chance /= chance.sum()
    prior = torch.from_numpy(_prior(votes, chance, recipe))
    wanted = torch.from_numpy(votes)
    rng = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        stage = EmotionStage(len(UNIT_COLUMNS), len(EMOTIONS), recipe.hidden)
        moves = torch.optim.AdamW(stage.parameters(), weight_decay=recipe.weight_decay)
        steps = recipe.epochs * len(units) // recipe.batch_size
        schedule = torch.optim.lr_scheduler.OneCycleLR(moves, recipe.learning_rate, total_steps=steps)
        for _ in range(steps):
            drawn = torch.from_numpy(rng.choice(len(units), recipe.batch_size, p=chance))
            noise = torch.from_numpy(
                rng.normal(0, recipe.noise, (len(drawn), units.shape[1])).astype(np.float32)
            )
            answer = stage(units[drawn] + noise) + prior
            loss = cross_entropy(answer, wanted[drawn], torch.ones(len(drawn)))
            moves.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            moves.step()
            schedule.step()
    return stage.eval()


def _prior(votes: Float32, chance: npt.NDArray[np.float64], recipe: RefitRecipe) -> Float32:
    """What is added to the scores while fitting (logit adjustment, Menon et al. 2021): float32 [E]."""
    share = (chance[:, None] * votes).sum(axis=0)
    share /= [recipe.lift.get(name, 1.0) for name in EMOTIONS]
    adjusted = recipe.balance * np.log(np.clip(share, 1e-4, recipe.balance_below))
    return np.asarray(adjusted, dtype=np.float32)
