# ruff: noqa: E402 - without the export extra this module is skipped before its imports
"""What no comparison with torch can find, because torch is wrong as well."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the export extra")
pytest.importorskip("openvino", reason="needs the export extra")
pytest.importorskip("onnxruntime", reason="needs the export extra")

from tiny_net import SIDE, crops, layers
from torch import nn

from export.activations import LIMIT, fp16_logits, largest, near_limit, peaks
from export.errors import ExportError
from export.fold import fold
from export.soundness import require_sound

pytestmark = pytest.mark.heavy

FACES = np.stack([np.broadcast_to(crop, (3, SIDE, SIDE)) for crop in crops(8, seed=4)]).astype(np.float32)


class Net(nn.Module):
    """Layers that were made for a normalised input, and what they are really given."""

    def __init__(
        self, found: nn.Module, mean: float = 117.0, scale: float = 1 / 57.0, gain: float = 16.0
    ) -> None:
        super().__init__()
        self.layers, self.head = found, nn.Linear(12, 5)
        self.mean, self.scale, self.gain = mean, scale, gain

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        pooled = self.layers((image - self.mean) * self.scale).mean(dim=(2, 3))
        return self.head(pooled * self.gain)


def folded() -> nn.Module:
    torch.manual_seed(7)
    return fold(layers(), torch.rand(2, 3, SIDE, SIDE))


def with_statistics() -> nn.Module:
    """Not folded: batch normalisation remembers what it met while training."""
    torch.manual_seed(7)
    made = nn.Sequential(*layers()).train()
    with torch.no_grad():
        for _ in range(60):
            made((torch.from_numpy(FACES) - 117.0) / 57.0)
    return made.eval()


def refusal(net: nn.Module, **vouched: bool) -> str:
    with pytest.raises(ExportError) as caught:
        require_sound(net.eval(), FACES, **vouched)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("make", [folded, with_statistics])
def test_a_net_with_its_own_mean_and_scale_is_sound(make: Callable[[], nn.Module]) -> None:
    found = require_sound(Net(make()).eval(), FACES)
    assert found.warnings == ()
    assert 1.0 < found.peak[1] < 1000.0
    assert next(iter(found.largest.values())) == pytest.approx(found.peak[1], rel=1e-3)


@pytest.mark.parametrize(
    ("mean", "scale"), [(0.0, 1.0), (117.0, 1.0), (117.0 / 255, 255 / 57.0)], ids=["none", "mean", "0..1"]
)
@pytest.mark.parametrize("make", [folded, with_statistics])
def test_a_net_that_is_fed_255_times_too_much_is_refused_for_that(
    make: Callable[[], nn.Module], mean: float, scale: float
) -> None:
    text = refusal(Net(make(), mean, scale, gain=0.1))
    # The answers alone would not tell: the reason is the input, and no other is given.
    assert text.startswith("the net's input is not normalised")
    assert "divides by 255" in text
    assert "FP16" not in text


def test_what_batch_normalisation_remembers_also_tells_an_input_that_is_too_small() -> None:
    text = refusal(Net(with_statistics(), 0.45, 1 / 57.0 / 255))
    assert "times as much as its batch normalisation has seen" in text


def test_a_net_that_was_trained_on_large_numbers_passes_on_somebodys_word() -> None:
    raw = Net(folded(), 117.0, 1.0, gain=0.1)
    assert "not normalised" in refusal(raw)
    require_sound(raw.eval(), FACES, large_input=True)


def test_filters_as_small_as_vgg_faces_need_no_word() -> None:
    small = folded()
    with torch.no_grad():
        small[0].weight /= 57.0
    require_sound(Net(small, 117.0, 1.0).eval(), FACES)


def test_an_unnormalised_net_without_bias_is_known_by_its_answers() -> None:
    torch.manual_seed(7)
    bare = nn.Sequential(nn.Conv2d(3, 12, 3, bias=False), nn.ReLU())
    assert "certainty whatever the face" in refusal(Net(bare, 0.0, 1.0))


def test_a_net_that_does_not_look_is_refused() -> None:
    blind = Net(folded())
    with torch.no_grad():
        blind.head.weight.zero_()
    assert "answers all golden faces alike" in refusal(blind)


def test_every_fault_is_told_at_once() -> None:
    text = refusal(Net(folded(), 117.0, 1e6))
    assert "input is not normalised" in text
    assert "goes beyond it in" in text
    # That follows from the others.
    assert "certainty whatever the face" not in text


def test_answers_that_are_no_numbers_are_refused() -> None:
    net = Net(folded())
    with torch.no_grad():
        net.head.bias.fill_(float("nan"))
    assert "(nan)" in refusal(net)


def test_what_comes_near_the_limit_is_a_warning() -> None:
    big = Net(folded())
    with torch.no_grad():
        for name, factor in (("0", 5000.0), ("3", 1 / 5000.0)):
            conv = big.layers.get_submodule(name)
            conv.weight *= factor
            if name == "0":
                conv.bias *= factor
    assert LIMIT / 4 < require_sound(big.eval(), FACES).peak[1] < LIMIT
    (warning,) = require_sound(big.eval(), FACES).warnings
    assert "more than a quarter of what FP16 can hold" in warning
    assert "layers.0 (" in warning


def test_the_largest_are_in_order_and_a_layers_input_is_not_its_predecessor_again() -> None:
    found = {"a": 3.0, "input of b": 3.0, "b": 123456.0, "input of c": 7.0}
    assert largest(found) == {"b": 123500.0, "input of c": 7.0, "a": 3.0}
    assert list(largest(found, 2)) == ["b", "input of c"]
    assert near_limit(found) == []


def test_fp16_rounds_every_result() -> None:
    class Sums(nn.Module):
        """2048 + 1 - 2048: FP16 has no 2049."""

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            return ((image + 1.0) - image.detach()).mean(dim=(2, 3))

    image = np.full((1, 3, 4, 4), 2048.0, np.float32)
    assert fp16_logits(nn.Identity(), image[:, :, :1, 0]).dtype == np.float32
    assert fp16_logits(Sums(), image).tolist() == [[0.0, 0.0, 0.0]]
    assert fp16_logits(Sums(), image - 1000.0).tolist() == [[1.0, 1.0, 1.0]]


def test_fp16_strays_a_little_and_what_it_cannot_hold_is_infinite() -> None:
    net = Net(folded()).eval()
    with torch.no_grad():
        exact = net(torch.from_numpy(FACES)).numpy()
    rounded = fp16_logits(net, FACES)
    assert rounded.shape == exact.shape
    assert 0 < np.abs(rounded - exact).max() < 0.05
    with torch.no_grad():
        assert np.array_equal(net(torch.from_numpy(FACES)).numpy(), exact)  # the net is as it was
    assert not np.isfinite(fp16_logits(Net(folded(), 117.0, 1e5).eval(), FACES)).all()


def test_fp16_keeps_what_is_written_in_place() -> None:
    torch.manual_seed(1)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.Flatten()).eval()
    out = fp16_logits(net, FACES[:1])
    assert out.min() == 0.0
    assert np.array_equal(out, out.astype(np.float16).astype(np.float32))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_net_that_is_torchscript_is_looked_into_as_well(tmp_path: Path) -> None:
    for scale, sound in ((1 / 57.0, True), (1.0, False)):
        torch.jit.trace(Net(folded(), 117.0, scale).eval(), torch.rand(1, 3, SIDE, SIDE)).save(
            tmp_path / "n.pt"
        )
        script = torch.jit.load(tmp_path / "n.pt").eval()
        if sound:
            assert require_sound(script, FACES).peak[0].startswith("operator ")
            assert np.abs(fp16_logits(script, FACES) - fp16_logits(Net(folded()).eval(), FACES)).max() < 0.05
        else:
            assert "input is not normalised" in refusal(script)
    assert len(peaks(script, FACES)) > 5
