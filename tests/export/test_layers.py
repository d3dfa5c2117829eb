# ruff: noqa: E402 - without the export extra this module is skipped before its imports
"""A layer that the stick cannot run is refused by its name and with what to use instead."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

torch = pytest.importorskip("torch", reason="needs the export extra")

from torch import Tensor, nn

from export import layers
from export.errors import ExportError
from export.to_onnx import write_onnx

pytestmark = pytest.mark.heavy

SIDE = 16
GRID = torch.zeros(1, SIDE, SIDE, 2)


class Around(nn.Module):
    """A convolution, something, pooling and a head."""

    def __init__(self, middle: nn.Module) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.middle = middle
        self.head = nn.Linear(8, 5)

    def forward(self, image: Tensor) -> Tensor:
        return self.head(self.middle(self.stem(image)).mean(dim=(2, 3)))


class Written(nn.Module):
    """What stands in somebody's forward()."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


def export(middle: nn.Module, folder: Path) -> tuple[str, ...]:
    torch.manual_seed(2)
    return write_onnx(Around(middle).eval(), SIDE, 5, folder / "net.onnx")


def refusal(middle: nn.Module, folder: Path) -> str:
    with pytest.raises(ExportError) as caught:
        export(middle, folder)
    assert not list(folder.iterdir())
    text = str(caught.value)
    assert "\n" not in text
    return text


TAKEN = {
    "relu6": nn.ReLU6(),
    "prelu": nn.PReLU(),
    "silu": nn.SiLU(),
    "gelu": nn.GELU(),
    "mish": nn.Mish(),
    "elu": nn.ELU(),
    "batch norm": nn.BatchNorm2d(8),
    "depthwise": nn.Conv2d(8, 8, 3, padding=1, groups=8),
    "resize": nn.Upsample(scale_factor=2, mode="bilinear"),
    "group norm": nn.GroupNorm(2, 8),
    "concat": Written(lambda x: torch.cat([x[:, 4:], x[:, :4]], dim=1)),
    "attention": Written(lambda x: x * torch.softmax(x, dim=1)),
    "squeeze and excite": Written(lambda x: x * torch.sigmoid(x.mean(dim=(2, 3), keepdim=True))),
    "hardswish, written": Written(lambda x: x * torch.nn.functional.relu6(x + 3) / 6),
    # Folded before any device: it hangs on sizes alone.
    "a product of sizes": Written(lambda x: x / x.std(dim=1, keepdim=True)),
}


@pytest.mark.parametrize("name", TAKEN)
def test_what_the_compiler_takes_passes_without_a_word(tmp_path: Path, name: str) -> None:
    assert export(TAKEN[name], tmp_path) == ()
    assert (tmp_path / "net.onnx").is_file()


REFUSED: dict[str, tuple[nn.Module, str, str]] = {
    "hardswish": (
        nn.Hardswish(),
        "middle (ONNX node /middle/HardSigmoid) is HardSigmoid",
        "relu6(x + 3) / 6",
    ),
    "abs": (Written(torch.abs), "middle (ONNX node /middle/Abs) is Abs", "torch.maximum(x, -x)"),
    "sign": (Written(torch.sign), "is Sign", "clamp(-1, 1)"),
    "cumsum": (Written(lambda x: x.cumsum(dim=1)), "is CumSum", "triangular matrix"),
    "selu": (nn.SELU(), "is Selu", "elu(x"),
    "fake quantisation": (
        Written(lambda x: torch.fake_quantize_per_tensor_affine(x, 0.1, 0, -128, 127)),
        "is QuantizeLinear",
        "facecue makes INT8 for processors itself",
    ),
    "bicubic": (nn.Upsample(scale_factor=2, mode="bicubic"), "is Resize: mode cubic", "bilinear"),
    "unsqueeze": (Written(lambda x: (x[:, :, None] * 2).mean(dim=2)), "is Unsqueeze", "reshape"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_compiler_refuses_is_named_with_what_to_use_instead(tmp_path: Path, name: str) -> None:
    middle, where, instead = REFUSED[name]
    text = refusal(middle, tmp_path)
    assert where in text
    assert instead in text


def test_every_refused_layer_is_told_at_once_by_its_path(tmp_path: Path) -> None:
    block = nn.Sequential(nn.Sequential(nn.Conv2d(8, 8, 1), nn.Hardswish()), Written(torch.abs))
    text = refusal(block, tmp_path)
    assert "refuses 2 of the net's layers" in text
    assert "middle.0.1 (ONNX node /middle/middle.0/middle.0.1/HardSigmoid)" in text
    assert "middle.1 (ONNX node /middle/middle.1/Abs)" in text


def test_what_nobody_tried_is_a_warning() -> None:
    value = onnx.helper.make_tensor_value_info
    nodes = [
        onnx.helper.make_node("Relu", ["image"], ["x"], name="/a/Relu"),
        onnx.helper.make_node("ThresholdedRelu", ["x"], ["y"], name="/b/b.1/ThresholdedRelu"),
    ]
    graph = onnx.helper.make_graph(nodes, "g", [value("image", 1, [1])], [value("y", 1, [1])])
    (warning,) = layers.require_layers(onnx.helper.make_model(graph))
    assert "b.1 (ONNX node /b/b.1/ThresholdedRelu) (ThresholdedRelu)" in warning
    assert "it decides" in warning
    assert "Relu)" not in warning.partition("b.1")[0]


def test_what_onnx_has_no_word_for_is_one_sentence(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    text = refusal(Written(lambda x: torch.nn.functional.grid_sample(x, GRID, align_corners=False)), tmp_path)
    assert "grid_sampler" in text
    assert "write that layer with" in text


def test_a_net_of_another_shape_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="has the tensors"):
        write_onnx(Around(nn.ReLU()).eval(), SIDE, 6, tmp_path / "net.onnx")
    assert not list(tmp_path.iterdir())


SAME: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "Abs": (torch.abs, lambda x: torch.maximum(x, -x)),
    "Sign": (torch.sign, lambda x: (x * 10000).clamp(-1, 1)),
    "hardsigmoid": (nn.Hardsigmoid(), lambda x: torch.nn.functional.relu6(x + 3) / 6),
    "hardswish": (nn.Hardswish(), lambda x: x * torch.nn.functional.relu6(x + 3) / 6),
    "Selu": (nn.SELU(), lambda x: 1.0507009873554805 * torch.nn.functional.elu(x, 1.6732632423543772)),
    "CumSum": (
        lambda x: x.cumsum(dim=1),
        lambda x: (torch.tril(torch.ones(8, 8)) @ x.reshape(1, 8, -1)).reshape(x.shape),
    ),
    "ReduceL1": (lambda x: x.norm(1, dim=1), lambda x: torch.maximum(x, -x).sum(dim=1)),
    "ReduceLogSumExp": (lambda x: x.logsumexp(dim=1), lambda x: torch.log(torch.exp(x).sum(dim=1))),
}


@pytest.mark.parametrize("name", SAME)
def test_what_is_recommended_computes_the_same(name: str) -> None:
    before, after = SAME[name]
    # Away from 0, where the written sign has its slope.
    x = torch.linspace(-5, 5, 8 * SIDE * SIDE).reshape(1, 8, SIDE, SIDE) + 1e-3
    torch.testing.assert_close(after(x), before(x), rtol=1e-4, atol=1e-4)


def test_the_tables_name_operators_of_onnx_and_do_not_overlap() -> None:
    known = {schema.name for schema in onnx.defs.get_all_schemas()}
    assert set(layers.REFUSED) | layers.TAKEN <= known
    assert not set(layers.REFUSED) & layers.TAKEN


def test_a_maker_s_own_operator_is_refused() -> None:
    node = onnx.helper.make_node("Fused", ["image"], ["y"], name="/a/a.0/Fused", domain="com.maker")
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph([node], "g", [value("image", 1, [1])], [value("y", 1, [1])])
    with pytest.raises(
        ExportError, match=r"a\.0 \(ONNX node /a/a\.0/Fused\) is Fused: com\.maker is nobody's"
    ):
        layers.require_layers(onnx.helper.make_model(graph))


def test_the_file_that_is_written_runs(tmp_path: Path) -> None:
    export(nn.ReLU(), tmp_path)
    session = onnxruntime.InferenceSession(tmp_path / "net.onnx", providers=["CPUExecutionProvider"])
    image = np.random.default_rng(1).random((1, 3, SIDE, SIDE), dtype=np.float32)
    torch.manual_seed(2)
    with torch.no_grad():
        wanted = Around(nn.ReLU()).eval()(torch.from_numpy(image)).numpy()
    np.testing.assert_allclose(session.run(None, {"image": image})[0], wanted, atol=1e-5)
