# ruff: noqa: E402 - without the train extra this module is skipped before its imports
"""The small network keeps its budget: a processor alone must carry it, and the stick's compiler take it."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("safetensors", reason="needs the train extra")

from torch import Tensor, nn

from edge.facs import UNIT_COLUMNS
from models.networks import deployed
from models.networks.build import build
from models.networks.deployed import DeployedNet
from models.networks.small_au import Residual, SmallAu
from models.recipe import Recipe, Stage

pytestmark = pytest.mark.heavy
SIZE = 96
RECIPE = Recipe("tiny", [Stage(SIZE, 64, 1.0)], network="small")
NOTHING = np.zeros(len(UNIT_COLUMNS), np.float32)


@pytest.fixture(scope="module")
def net() -> DeployedNet:
    torch.manual_seed(1)
    trained = build(RECIPE)
    assert isinstance(trained, SmallAu)
    return deployed.fold(trained, NOTHING)


@torch.no_grad()
def operations(net: nn.Module, size: int) -> int:
    """Floating-point operations of one picture: two for a multiplication with its addition."""
    found = 0

    def count(layer: nn.Module, taken: tuple[Tensor], given: Tensor) -> None:
        nonlocal found
        if isinstance(layer, nn.Conv2d):
            found += 2 * given[0].numel() * layer.in_channels * layer.kernel_size[0] * layer.kernel_size[1]
        elif isinstance(layer, nn.Linear):
            found += 2 * layer.in_features * layer.out_features

    hooks = [layer.register_forward_hook(count) for layer in net.modules()]
    net(torch.zeros(1, 3, size, size))
    for hook in hooks:
        hook.remove()
    return found


def test_it_costs_no_more_than_120_million_operations(net: DeployedNet) -> None:
    found = operations(net, SIZE)
    assert found <= 120e6
    assert found > 60e6  # what may be spent is spent: the count counts


def test_it_has_no_more_than_three_million_parameters(net: DeployedNet) -> None:
    assert 5e5 < sum(p.numel() for p in net.parameters()) <= 3e6


def test_the_count_is_one_that_can_be_done_by_hand() -> None:
    torch.manual_seed(1)
    layers = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.ReLU())
    # 8 x 8 places, 4 filters of 27 weights.
    assert operations(layers, 16) == 2 * 64 * 4 * 27


@torch.no_grad()
def test_only_layers_that_the_stick_takes_are_left(net: DeployedNet) -> None:
    traced = torch.fx.symbolic_trace(net)
    modules = {type(traced.get_submodule(n.target)) for n in traced.graph.nodes if n.op == "call_module"}
    assert modules == {nn.Conv2d, nn.ReLU, nn.Linear}
    functions = {n.target.__name__ for n in traced.graph.nodes if n.op == "call_function"}
    assert functions == {"add", "sub", "mul", "relu"}
    assert {n.target for n in traced.graph.nodes if n.op == "call_method"} == {"mean"}
    assert not any(isinstance(n, nn.Conv2d) and n.groups > 1 for n in net.modules())
    assert {n.kernel_size for n in net.modules() if isinstance(n, nn.Conv2d)} == {(3, 3)}


@torch.no_grad()
def test_it_halves_the_picture_five_times(net: DeployedNet) -> None:
    features = net.features(torch.zeros(1, 3, SIZE, SIZE))
    assert features.shape == (1, 240, 3, 3)


@torch.no_grad()
def test_a_residual_unit_adds_what_it_was_given() -> None:
    inner = nn.Sequential(nn.Conv2d(2, 2, 1))
    nn.init.zeros_(inner[0].weight)
    nn.init.constant_(inner[0].bias, -1.0)
    x = torch.tensor([0.5, 3.0]).view(1, 2, 1, 1)
    assert Residual(inner)(x).flatten().tolist() == [0.0, 2.0]


@torch.no_grad()
@pytest.mark.parametrize("blocks", [0, 1, 3, 5])
def test_what_a_prefix_gave_the_suffix_goes_on_from(blocks: int) -> None:
    torch.manual_seed(2)
    trained, image = build(RECIPE).eval(), torch.rand(2, 3, 32, 32) * 255
    features = trained.prefix(image, blocks)
    torch.testing.assert_close(trained.suffix(features, blocks), trained.suffix(trained.prefix(image, 0)))
