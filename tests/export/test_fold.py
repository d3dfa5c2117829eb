# ruff: noqa: E402 - without the export extra this module is skipped before its imports
from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the export extra")

from tiny_net import layers
from torch import nn

from export.errors import ExportError, ParityError
from export.fold import fold

pytestmark = pytest.mark.heavy


def test_no_batch_normalisation_is_left_and_the_answers_are_the_same() -> None:
    torch.manual_seed(3)
    before = layers()
    image = torch.randn(4, 3, 16, 16)

    after = fold(before, image)

    assert [type(layer).__name__ for layer in after] == ["Conv2d", "ReLU", "MaxPool2d", "Conv2d", "ReLU"]
    assert all(p.dtype == torch.float32 for p in after.parameters())
    with torch.no_grad():
        torch.testing.assert_close(after(image), nn.Sequential(*before)(image), rtol=1e-4, atol=1e-5)


def test_the_layers_given_are_not_changed() -> None:
    torch.manual_seed(3)
    before = layers()
    weights = [p.clone() for layer in before for p in layer.parameters()]
    fold(before, torch.randn(1, 3, 16, 16))
    assert all(torch.equal(a, b) for a, b in zip(weights, (p for x in before for p in x.parameters())))


def test_batch_normalisation_behind_something_else_is_refused() -> None:
    with pytest.raises(ExportError, match="layer 1 follows no convolution"):
        fold([nn.ReLU().eval(), nn.BatchNorm2d(3).eval()], torch.zeros(1, 3, 8, 8))
    with pytest.raises(ExportError, match="layer 0 follows no convolution"):
        fold([nn.BatchNorm2d(3).eval()], torch.zeros(1, 3, 8, 8))


def test_batch_normalisation_in_training_mode_is_refused() -> None:
    with pytest.raises(ExportError, match="layer 1 is in training mode"):
        fold([nn.Conv2d(3, 4, 3).eval(), nn.BatchNorm2d(4)], torch.zeros(1, 3, 8, 8))


def test_layers_that_know_no_mode_may_be_fresh() -> None:
    folded = fold([nn.Conv2d(3, 4, 3), nn.MaxPool2d(2)], torch.randn(1, 3, 8, 8))
    assert not any(layer.training for layer in folded.modules())


def test_a_fold_that_changes_the_answer_is_refused() -> None:
    class Reversed(nn.Conv2d):
        """A convolution that folding cannot know: it reads its weights backwards."""

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            return super().forward(image).flip(1)

    torch.manual_seed(3)
    norm = nn.BatchNorm2d(4)
    nn.init.uniform_(norm.weight, 0.5, 2.0)
    with pytest.raises(ParityError, match="relative difference"):
        fold([Reversed(3, 4, 3).eval(), norm.eval()], torch.randn(1, 3, 8, 8))
