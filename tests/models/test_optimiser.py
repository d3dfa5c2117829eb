# ruff: noqa: E402 - without the train extra this module is skipped before its imports
"""How fast what moves, and when."""

from __future__ import annotations

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from models import optimiser
from models.networks.build import build
from models.networks.face_net import FaceNet
from models.recipe import OptimiserRecipe, Recipe, Stage

pytestmark = [pytest.mark.heavy, pytest.mark.usefixtures("narrow")]
STAGE = Stage(32, 400, 0.01)
RECIPE = Recipe("tiny", [STAGE])


def rates(steps: int = 100, **changes: object) -> list[float]:
    stage = replace(STAGE, **changes)
    return [optimiser.rate(step, steps, stage) for step in range(steps)]


def test_a_cosine_rises_and_falls() -> None:
    found = rates()
    assert found.index(max(found)) == 5
    assert max(found) == pytest.approx(1.0)
    assert found[0] < 0.2
    assert found[-1] < 0.02
    assert all(a > b for a, b in zip(found[6:], found[7:]))
    # Half of the way down when half of the time is over, and slower at both ends than there.
    assert found[53] == pytest.approx(0.505, abs=0.01)
    assert found[10] - found[20] < found[50] - found[60] > found[85] - found[95]


def test_a_line_falls_evenly() -> None:
    found = rates(schedule="linear")
    falls = [a - b for a, b in zip(found[6:], found[7:])]
    assert min(falls) == pytest.approx(max(falls))
    assert found[-1] == pytest.approx(0.02, abs=0.005)
    assert found[:6] == rates()[:6]


def test_a_constant_rate_only_rises() -> None:
    found = rates(schedule="constant")
    assert found[:6] == rates()[:6]
    assert found[6:] == [1.0] * 94


@pytest.mark.parametrize("schedule", ["cosine", "linear", "constant"])
def test_without_a_rise_the_first_step_has_the_whole_rate(schedule: str) -> None:
    assert rates(schedule=schedule, warm_up=0.0)[0] == 1.0
    assert rates(schedule=schedule, warm_up=0.5)[:50] == pytest.approx([(i + 1) / 50 for i in range(50)])


@pytest.mark.parametrize("schedule", ["cosine", "linear", "constant"])
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_the_shortest_stages_have_a_rate(schedule: str, steps: int) -> None:
    assert all(0.0 < share <= 1.0 for share in rates(steps, schedule=schedule))


def peaks(network: str, head_rate: float = 3.0, **changes: object) -> tuple[FaceNet, list[float]]:
    """The net, and the peak rate of each of its groups."""
    recipe = replace(RECIPE, network=network, optimiser=OptimiserRecipe(head_rate=head_rate))
    net = build(recipe)
    moves = optimiser.make(net, replace(STAGE, **changes), recipe)
    return net, [group["peak"] for group in moves.param_groups]


def test_the_first_blocks_of_vgg_move_gently_and_the_heads_fast() -> None:
    assert peaks("vgg16")[1] == pytest.approx([0.002, 0.003, 0.006, 0.01, 0.01, 0.03])
    assert peaks("vgg16", 1.0)[1][-1] == pytest.approx(0.01)


def test_the_small_net_moves_alike() -> None:
    assert peaks("small", 2.0)[1] == pytest.approx([0.01] * 5 + [0.02])


@pytest.mark.parametrize("network", ["vgg16", "small"])
@pytest.mark.parametrize("frozen", [0, 2, 5])
def test_what_is_frozen_is_in_no_group(network: str, frozen: int) -> None:
    recipe = replace(RECIPE, network=network)
    net = build(recipe)
    moves = optimiser.make(net, replace(STAGE, freeze_blocks=frozen), recipe)
    held = {id(p) for group in moves.param_groups for p in group["params"]}
    for index, block in enumerate(net.blocks):
        inside = {id(p) in held for p in block.parameters()}
        assert inside == {index >= frozen}
    assert {id(p) for p in net.heads.parameters()} <= held


def test_every_group_comes_to_its_share_of_its_own_peak() -> None:
    net = build(RECIPE)
    moves = optimiser.make(net, STAGE, RECIPE)
    optimiser.set_rate(moves, 53, 100, STAGE)
    share = optimiser.rate(53, 100, STAGE)
    assert [g["lr"] for g in moves.param_groups] == [g["peak"] * share for g in moves.param_groups]
    assert share < 0.6


def test_either_kind_with_its_settings() -> None:
    net = build(RECIPE)
    adamw = optimiser.make(net, STAGE, RECIPE)
    assert isinstance(adamw, torch.optim.AdamW)
    assert {g["weight_decay"] for g in adamw.param_groups} == {0.005}
    settings = OptimiserRecipe("sgd", weight_decay=0.1, momentum=0.5)
    sgd = optimiser.make(net, STAGE, replace(RECIPE, optimiser=settings))
    assert isinstance(sgd, torch.optim.SGD)
    assert {(g["weight_decay"], g["momentum"], g["nesterov"]) for g in sgd.param_groups} == {(0.1, 0.5, True)}
    still = optimiser.make(net, STAGE, replace(RECIPE, optimiser=replace(settings, momentum=0.0)))
    assert {g["nesterov"] for g in still.param_groups} == {False}


def test_the_average_follows_the_net() -> None:
    torch.manual_seed(1)
    average, net = build(RECIPE), build(RECIPE)
    start = average.heads["action_units"].weight.detach().clone()
    net.blocks[0][1].running_mean += 4.0
    net.blocks[0][1].num_batches_tracked += 9
    optimiser.follow(average, net, 0.75)
    wanted = 0.75 * start + 0.25 * net.heads["action_units"].weight
    torch.testing.assert_close(average.heads["action_units"].weight, wanted)
    assert average.blocks[0][1].running_mean.mean().item() == pytest.approx(1.0)
    assert average.blocks[0][1].num_batches_tracked.item() == 9
