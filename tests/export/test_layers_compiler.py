# ruff: noqa: E402 - without the export extra this module is skipped before its imports
"""The table of layers against the real compiler, where OpenVINO 2021.4.2 is set up.

FACECUE_EVERY_LAYER=1 tries every refused operator that torch can write, some ten seconds each.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest

torch = pytest.importorskip("torch", reason="needs the export extra")

from torch import Tensor, nn
from torch.nn import functional

from edge.card import Card
from export import layers
from export.errors import ExportError
from export.legacy.environment import LegacyEnvironment
from export.myriad.compile import compile_one, require_compiled
from export.quiet import old_exporter

pytestmark = pytest.mark.heavy

SIDE = 16
Function = Callable[[Tensor], Tensor]


@pytest.fixture(scope="module")
def legacy() -> LegacyEnvironment:
    found = LegacyEnvironment.find()
    if found is None:
        pytest.skip("OpenVINO 2021.4.2 is not set up: run facecue export setup-legacy")
    return found


class Around(nn.Module):
    """A convolution, something, pooling and a head."""

    def __init__(self, function: Function) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.stem, self.function, self.head = nn.Conv2d(3, 8, 3, padding=1), function, nn.Linear(8, 5)

    def forward(self, image: Tensor) -> Tensor:
        return self.head(self.function(self.stem(image)).mean(dim=(2, 3)))


def compiled(function: Function, legacy: LegacyEnvironment, folder: Path) -> set[str]:
    """Compile a net with this in it; returns the ONNX operators that it was written with."""
    path = folder / "net.onnx"
    with torch.no_grad(), old_exporter():
        torch.onnx.export(
            Around(function).eval(),
            (torch.rand(1, 3, SIDE, SIDE),),
            str(path),
            opset_version=13,
            dynamo=False,
            input_names=[Card.input],
            output_names=[Card.output],
        )
    legacy.write_ir10(path, folder / "net.xml")
    require_compiled(compile_one(legacy, folder / "net.xml", folder), folder / "net.xml")
    return {node.op_type for node in onnx.load(path).graph.node}


NORM = nn.BatchNorm2d(8).eval().requires_grad_(False)
SLOPE = nn.PReLU().requires_grad_(False)


def many(x: Tensor) -> Tensor:
    """As many of the operators that compile as fit into one net."""
    x = functional.silu(x) + functional.gelu(x) + functional.mish(x) - functional.elu(x)
    x = NORM(functional.leaky_relu(SLOPE(functional.relu6(x)).clamp(-3, 3)))
    x = torch.minimum(x, torch.maximum(x, -x)) / (torch.exp(x) + torch.sqrt(functional.relu(x) + 1))
    x = torch.cat([x[:, 4:], x[:, :4]], dim=1) * torch.softmax(x, dim=1) + functional.log_softmax(x, dim=1)
    x = functional.interpolate(functional.max_pool2d(x, 2), scale_factor=2, mode="bilinear")
    x = x * torch.sigmoid(functional.adaptive_max_pool2d(x, 1)) * x.amax(dim=1, keepdim=True)
    x = x.permute(0, 2, 3, 1).permute(0, 3, 1, 2) + functional.avg_pool2d(x, 3, 1, 1)
    x = x * torch.where(x > 0, x, x * 0.1) * x.amin(dim=1, keepdim=True)
    return functional.normalize(x, dim=1) * functional.relu6(x + 3) / 6


def test_what_the_table_takes_compiles(legacy: LegacyEnvironment, tmp_path: Path) -> None:
    written = compiled(many, legacy, tmp_path)
    assert written <= layers.TAKEN
    assert len(written) > 25


WRITTEN: dict[str, Function] = {
    "HardSigmoid": functional.hardswish,
    "Unsqueeze": lambda x: (x[:, :, None] * 2).mean(dim=2),
    "Abs": torch.abs,
    "Sign": torch.sign,
    "Selu": functional.selu,
    "Celu": functional.celu,
    "CumSum": lambda x: x.cumsum(dim=1),
    "ReduceL1": lambda x: x * x.norm(1, dim=1, keepdim=True),
    "ReduceLogSumExp": lambda x: x * x.logsumexp(dim=1, keepdim=True),
    "ReduceProd": lambda x: x * x.prod(dim=1, keepdim=True),
    "Sin": torch.sin,
    "Cos": torch.cos,
    "Tan": torch.tan,
    "Asin": torch.asin,
    "Acos": torch.acos,
    "Atan": torch.atan,
    "QuantizeLinear": lambda x: torch.fake_quantize_per_tensor_affine(x, 0.1, 0, -128, 127),
    "Resize": lambda x: functional.interpolate(x, scale_factor=2, mode="bicubic"),
}
"""Functions that torch writes with an operator which the table refuses."""
TRIED = list(WRITTEN) if os.environ.get("FACECUE_EVERY_LAYER") else list(WRITTEN)[:2]


@pytest.mark.parametrize("name", TRIED)
def test_what_the_table_refuses_does_not_compile(
    legacy: LegacyEnvironment, tmp_path: Path, name: str
) -> None:
    with pytest.raises(ExportError):
        compiled(WRITTEN[name], legacy, tmp_path)
    model = onnx.load(tmp_path / "net.onnx")
    assert name in {node.op_type for node in model.graph.node}
    with pytest.raises(ExportError, match=f"is {name}: "):
        layers.require_layers(model)
