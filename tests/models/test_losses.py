# ruff: noqa: E402 - without the train extra this module is skipped before its imports
"""What is unknown teaches nothing, and what is known teaches by its weight."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from torch import Tensor

from models.losses import class_shares, losses
from models.recipe import Head, Recipe, Stage

pytestmark = pytest.mark.heavy
STAGE = Stage(32, 8, 1.0)
HEADS = [
    Head("action_units", "action_units"),
    Head("emotions", "emotions", reads="action_units"),
    Head("direct_emotions", "emotions"),
    Head("blendshapes", "blendshapes"),
]
RECIPE = Recipe("tiny", [STAGE], head=HEADS)
WIDTHS = {"action_units": 3, "emotions": 8, "direct_emotions": 8, "blendshapes": 4}
NAN = float("nan")
Answers = dict[str, Tensor]


def prediction(count: int, value: float = 0.0) -> Answers:
    return {name: torch.full((count, w), value, requires_grad=True) for name, w in WIDTHS.items()}


def batch(units: list[list[float]], emotions: Tensor, shapes: list[list[float]]) -> Answers:
    wanted = {"action_units": torch.tensor(units), "blendshapes": torch.tensor(shapes)}
    return {**wanted, "emotions": emotions, "direct_emotions": emotions}


def happy(*rows: bool) -> Tensor:
    out = torch.full((len(rows), 8), NAN)
    for row, known in enumerate(rows):
        if known:
            out[row] = torch.eye(8)[1]
    return out


def terms_of(
    said: Answers, known: Answers, weight: list[float] | None = None, recipe: Recipe = RECIPE
) -> Mapping[str, Tensor]:
    rows = len(known["action_units"])
    return losses(said, known, torch.tensor(weight or [1.0] * rows), recipe, recipe.stage[0], {})


def test_unknown_targets_have_no_gradient() -> None:
    said = prediction(2, 0.3)
    known = batch([[1.0, NAN, 0.0], [NAN, NAN, NAN]], happy(True, False), [[0.5, NAN] * 2, [NAN] * 4])

    terms = terms_of(said, known)
    torch.stack(list(terms.values())).sum().backward()

    assert all(torch.isfinite(term) for term in terms.values())
    gradient = {name: answer.grad for name, answer in said.items()}
    assert (gradient["action_units"] != 0).tolist() == [[True, False, True], [False] * 3]
    assert (gradient["blendshapes"] != 0).tolist() == [[True, False] * 2, [False] * 4]
    for head in ("emotions", "direct_emotions"):
        assert (gradient[head][0] != 0).all()
        assert (gradient[head][1] == 0).all()


def test_a_batch_that_knows_nothing_costs_nothing() -> None:
    terms = terms_of(prediction(1), batch([[NAN] * 3], happy(False), [[NAN] * 4]), [2.0])
    assert [term.item() for term in terms.values()] == [0.0] * 4


def test_the_values_of_an_undecided_net() -> None:
    terms = terms_of(prediction(1), batch([[1.0, 0.0, 0.7]], happy(True), [[0.2] * 4]))
    assert terms["action_units"].item() == pytest.approx(math.log(2))
    assert terms["blendshapes"].item() == pytest.approx(math.log(2))
    assert terms["emotions"].item() == pytest.approx(math.log(8))
    assert terms["direct_emotions"].item() == pytest.approx(math.log(8))


FACTORS = {"emotions": 3.0, "direct_emotions": 0.5, "action_units": 7.0, "blendshapes": 0.0}


@pytest.mark.parametrize("where", ["recipe", "stage"])
def test_terms_are_weighed_by_the_recipe_or_by_its_stage(where: str) -> None:
    weighed = replace(RECIPE, head=[replace(h, weight=FACTORS[h.name]) for h in HEADS])
    if where == "stage":
        weighed = replace(RECIPE, stage=[replace(STAGE, weights=FACTORS)])
    known = batch([[1.0, 0.0, 0.7]], happy(True), [[0.2] * 4])
    plain, found = terms_of(prediction(1), known), terms_of(prediction(1), known, recipe=weighed)
    assert set(found) == set(plain) - {"blendshapes"}  # what weighs nothing is not even computed
    for name in found:
        assert found[name].item() == pytest.approx(FACTORS[name] * plain[name].item())


def cost(said: Answers, known: Answers, weight: list[float] | None = None) -> float:
    """What the action units cost."""
    return terms_of(said, known, weight)["action_units"].item()


def test_a_coders_word_weighs_more_than_the_teachers() -> None:
    # The net says that the unit is there; once the coder agrees and the teacher does not, once
    # the other way round.
    said = prediction(2, 2.0)
    known = batch([[1.0] * 3, [0.0] * 3], happy(False, False), [[NAN] * 4] * 2)
    assert cost(said, known, [2.0, 1.0]) < cost(said, known, [1.0, 2.0])


def test_the_weight_of_a_coders_word_is_for_units_alone() -> None:
    known = batch([[NAN] * 3] * 2, torch.eye(8)[:2], [[0.2] * 4, [0.9] * 4])
    said = prediction(2)
    torch.manual_seed(1)
    said = {name: torch.randn_like(answer) for name, answer in said.items()}
    plain, weighed = terms_of(said, known), terms_of(said, known, [2.0, 1.0])
    for name in ("emotions", "direct_emotions", "blendshapes"):
        assert weighed[name].item() == plain[name].item() != 0.0


def test_even_a_coders_word_is_not_beyond_doubt() -> None:
    # With a target of 1 the loss would fall for ever; with 0.97 it rises behind log-odds of 3.5.
    known = batch([[1.0] * 3], happy(False), [[NAN] * 4])
    costs = [cost(prediction(1, x), known, [2.0]) for x in (2.0, 3.5, 8.0)]
    assert costs[1] < costs[0]
    assert costs[1] < costs[2]


def learned(classes: list[int], **balance: float) -> Tensor:
    """What a net that sees nothing learns of classes of unequal frequency: its answer."""
    head = Head("emotions", "emotions", **balance)
    recipe = Recipe("tiny", [STAGE], head=[head])
    frequent = torch.eye(8)[classes]
    shares = class_shares([head], {"emotions": frequent.numpy()}, np.full(len(classes), 1 / len(classes)))
    answer = torch.zeros(8, requires_grad=True)
    moves = torch.optim.SGD([answer], lr=3.0)
    for _ in range(270):
        said = {"emotions": answer.expand(len(classes), 8)}
        weight = torch.ones(len(classes))
        (term,) = losses(said, {"emotions": frequent}, weight, recipe, STAGE, shares).values()
        moves.zero_grad()
        term.backward()
        moves.step()
    return answer.detach()


def test_balance_takes_the_frequency_of_a_class_out_of_the_answer() -> None:
    classes = [1] * 9 + [7]
    plain, half, full = (learned(classes, balance=balance) for balance in (0.0, 0.5, 1.0))
    # Without, the rare class stands as far behind as it is rare; with all of it, it stands level.
    assert (plain[1] - plain[7]).item() == pytest.approx(math.log(9), abs=0.05)
    assert (half[1] - half[7]).item() == pytest.approx(math.log(9) / 2, abs=0.05)
    assert (full[1] - full[7]).item() == pytest.approx(0.0, abs=0.05)


def test_frequent_classes_may_keep_their_boundary() -> None:
    found = learned([1] * 6 + [2] * 3 + [7], balance=1.0, balance_below=0.2)
    assert (found[1] - found[2]).item() == pytest.approx(math.log(2), abs=0.05)  # as without
    assert (found[2] - found[7]).item() == pytest.approx(math.log(1.5), abs=0.05)  # as if of one in five


def test_shares_are_those_of_what_is_drawn() -> None:
    head = Head("emotions", "emotions", balance=1.0)
    targets = np.full((4, 8), np.nan, np.float32)
    targets[:3] = np.eye(8)[[0, 1, 1]]
    chance = np.array([0.4, 0.1, 0.1, 0.4])  # the last one knows nothing
    (share,) = class_shares([head], {"emotions": targets}, chance).values()
    np.testing.assert_allclose(share[:2].numpy(), [4 / 6, 2 / 6], rtol=1e-6)
    assert (share[2:] > 0).all()  # never drawn, but not impossible


def test_where_no_class_is_drawn_nothing_is_balanced() -> None:
    # A stage may draw only sets that know no emotion.
    head = Head("emotions", "emotions", balance=1.0)
    targets = np.full((2, 8), np.nan, np.float32)
    targets[0] = np.eye(8)[0]
    shares = class_shares([head], {"emotions": targets}, np.array([0.0, 1.0]))
    said = {"emotions": torch.zeros(1, 8, requires_grad=True)}
    recipe = Recipe("tiny", [STAGE], head=[head])
    (term,) = losses(
        said, {"emotions": torch.full((1, 8), NAN)}, torch.ones(1), recipe, STAGE, shares
    ).values()
    assert term.item() == 0.0


def test_heads_without_balance_have_no_shares() -> None:
    assert class_shares(HEADS, {}, np.ones(3) / 3) == {}
