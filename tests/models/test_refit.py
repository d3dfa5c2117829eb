# ruff: noqa: E402 - without the train extra this module is skipped before its imports
"""The second stage learns from voters and from actors, and keeps what each of them means apart."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from edge.facs import EMOTIONS, UNIT_COLUMNS
from models.recipe import RefitRecipe
from models.refit import Voted, refit

pytestmark = pytest.mark.heavy
RECIPE = RefitRecipe(epochs=8, hidden=16, noise=0.2)
FROWN, TIGHT, DOWN = (UNIT_COLUMNS.index(name) for name in ("AU04", "AU23", "AU15"))
ANGER, SADNESS, NEUTRAL = (EMOTIONS.index(name) for name in ("anger", "sadness", "neutral"))


def faces(count: int, units: list[int], emotion: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Faces that show these units and are called so."""
    logits = np.random.default_rng(seed).normal(-3, 0.5, (count, len(UNIT_COLUMNS))).astype(np.float32)
    logits[:, units] += 6
    return logits, np.tile(np.eye(len(EMOTIONS), dtype=np.float32)[emotion], (count, 1))


def joined(*kinds: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate([k[0] for k in kinds]), np.concatenate([k[1] for k in kinds])


STREET = joined(faces(800, [], NEUTRAL, 1), faces(300, [DOWN], SADNESS, 2))
ACTED = joined(faces(60, [], NEUTRAL, 3), faces(20, [FROWN, TIGHT], ANGER, 4))


def voted(share: float) -> list[Voted]:
    logits, votes = STREET
    kinds = [Voted(logits, votes, np.ones(len(logits)), 1 - share)]
    return [*kinds, Voted.evenly(*ACTED, share)] if share else kinds


def named(kinds: list[Voted], logits: np.ndarray) -> np.ndarray:
    stage = refit(kinds, RECIPE, 1)
    with torch.no_grad():
        return stage(torch.from_numpy(logits)).argmax(dim=1).numpy()


def test_an_acted_emotion_that_no_voter_named_is_learned_from_the_actors() -> None:
    angry, _ = faces(50, [FROWN, TIGHT], ANGER, 9)
    assert (named(voted(0.0), angry) == ANGER).mean() < 0.1
    assert (named(voted(0.1), angry) == ANGER).mean() > 0.9


def test_the_faces_of_the_street_keep_their_names() -> None:
    logits, votes = joined(faces(100, [], NEUTRAL, 7), faces(100, [DOWN], SADNESS, 8))
    assert (named(voted(0.1), logits) == votes.argmax(axis=1)).mean() > 0.95


def test_actors_are_drawn_evenly_and_are_never_certain() -> None:
    acted = Voted.evenly(*ACTED, 0.1)
    assert acted.weight[-1] / acted.weight[0] == pytest.approx(np.sqrt(3))
    np.testing.assert_allclose(acted.votes.sum(axis=1), 1.0, atol=1e-6)
    assert acted.votes.max() == pytest.approx(0.9125)


def test_the_same_seed_gives_the_same_stage() -> None:
    first, second = (refit(voted(0.1), RECIPE, 3).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
