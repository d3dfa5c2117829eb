# ruff: noqa: E402 - without the train extra this module is skipped before its imports
"""What is unknown teaches nothing, and what is known teaches by its weight."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("tqdm", reason="needs the train extra")

from torch import Tensor

from models.networks.vgg_face_au import Prediction
from models.recipe import LossRecipe, Recipe
from models.train import Batch, losses

pytestmark = pytest.mark.heavy
RECIPE = Recipe("tiny", [], loss=LossRecipe(1.0, 1.0, 1.0, 1.0, coded_weight=2.0))
NAN = float("nan")


def prediction(count: int, value: float = 0.0) -> Prediction:
    heads = [torch.full((count, width), value, requires_grad=True) for width in (3, 8, 8, 4)]
    return Prediction(*heads)


def batch(units: list[list[float]], emotions: Tensor, shapes: list[list[float]], coded: list[bool]) -> Batch:
    return Batch(
        torch.zeros(len(units), 3, 8, 8),
        torch.tensor(units),
        emotions,
        torch.tensor(shapes),
        torch.tensor(coded),
    )


def happy(*rows: bool) -> Tensor:
    out = torch.full((len(rows), 8), NAN)
    for row, known in enumerate(rows):
        if known:
            out[row] = torch.eye(8)[1]
    return out


def test_unknown_targets_have_no_gradient() -> None:
    said = prediction(2, 0.3)
    known = batch(
        [[1.0, NAN, 0.0], [NAN, NAN, NAN]], happy(True, False), [[0.5, NAN] * 2, [NAN] * 4], [False] * 2
    )

    terms = losses(said, known, RECIPE)
    torch.stack(list(terms.values())).sum().backward()

    assert all(torch.isfinite(term) for term in terms.values())
    assert (said.action_units.grad != 0).tolist() == [[True, False, True], [False] * 3]
    assert (said.blendshapes.grad != 0).tolist() == [[True, False] * 2, [False] * 4]
    for head in (said.emotions, said.direct_emotions):
        assert (head.grad[0] != 0).all()
        assert (head.grad[1] == 0).all()


def test_a_batch_that_knows_nothing_costs_nothing() -> None:
    terms = losses(prediction(1), batch([[NAN] * 3], happy(False), [[NAN] * 4], [True]), RECIPE)
    assert [term.item() for term in terms.values()] == [0.0] * 4


def test_the_values_of_an_undecided_net() -> None:
    terms = losses(prediction(1), batch([[1.0, 0.0, 0.7]], happy(True), [[0.2] * 4], [False]), RECIPE)
    assert terms["action_units"].item() == pytest.approx(math.log(2))
    assert terms["blendshapes"].item() == pytest.approx(math.log(2))
    assert terms["emotions"].item() == pytest.approx(math.log(8))
    assert terms["direct_emotions"].item() == pytest.approx(math.log(8))


def test_terms_are_weighed_by_the_recipe() -> None:
    loss = LossRecipe(emotions=3.0, direct_emotions=0.5, action_units=7.0, blendshapes=0.0)
    known = batch([[1.0, 0.0, 0.7]], happy(True), [[0.2] * 4], [False])
    plain, weighed = (losses(prediction(1), known, replace(RECIPE, loss=x)) for x in (RECIPE.loss, loss))
    factors = {"emotions": 3.0, "direct_emotions": 0.5, "action_units": 7.0, "blendshapes": 0.0}
    for name, factor in factors.items():
        assert weighed[name].item() == pytest.approx(factor * plain[name].item())


def cost(said: Prediction, known: Batch) -> float:
    """What the action units cost."""
    return losses(said, known, RECIPE)["action_units"].item()


def test_a_coders_word_weighs_more_than_the_teachers() -> None:
    # The net says that the unit is there; once the coder agrees and the teacher does not, once
    # the other way round.
    said = prediction(2, 2.0)
    agreed = batch([[1.0] * 3, [0.0] * 3], happy(False, False), [[NAN] * 4] * 2, [True, False])
    denied = batch([[1.0] * 3, [0.0] * 3], happy(False, False), [[NAN] * 4] * 2, [False, True])
    assert cost(said, agreed) < cost(said, denied)


def test_even_a_coders_word_is_not_beyond_doubt() -> None:
    # With a target of 1 the loss would fall for ever; with 0.97 it rises behind log-odds of 3.5.
    known = batch([[1.0] * 3], happy(False), [[NAN] * 4], [True])
    costs = [cost(prediction(1, x), known) for x in (2.0, 3.5, 8.0)]
    assert costs[1] < costs[0]
    assert costs[1] < costs[2]
