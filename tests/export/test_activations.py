# ruff: noqa: E402 - without the export extra this module is skipped before its imports
from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the export extra")

from torch import nn

from export.activations import peaks, require_fp16
from export.errors import ExportError

pytestmark = pytest.mark.heavy


def scaling(*gains: float) -> nn.Sequential:
    net = nn.Sequential(*(nn.Conv2d(3, 3, 1, bias=False) for _ in gains)).eval()
    for conv, gain in zip(net, gains):
        conv.weight.data = torch.eye(3)[:, :, None, None] * gain
    return net


IMAGES = np.full((2, 3, 4, 4), 200.0, dtype=np.float32)


def test_the_largest_layer_is_named() -> None:
    assert require_fp16(peaks(scaling(1.0, 10.0, 0.1), IMAGES)) == ("1", 2000.0)


def test_what_fp16_cannot_hold_is_refused_by_name() -> None:
    with pytest.raises(ExportError, match=r"beyond it in 1 \(80,000\), input of 2 \(80,000\): normalise"):
        require_fp16(peaks(scaling(1.0, 400.0, 0.1), IMAGES))


def test_the_peak_is_that_of_all_images() -> None:
    images = IMAGES.copy()
    images[0] = -500.0
    assert peaks(scaling(1.0), images)["0"] == 500.0


def test_a_value_that_is_no_number_is_refused() -> None:
    images = np.stack([np.full_like(IMAGES[0], np.nan), IMAGES[1]])
    with pytest.raises(ExportError, match="0 \\(nan\\)"):
        require_fp16(peaks(scaling(1.0), images))


def test_the_hooks_are_taken_off_again() -> None:
    net = scaling(1.0)
    found = peaks(net, IMAGES)
    net(torch.full((1, 3, 4, 4), 9000.0))
    assert found["0"] == 200.0
