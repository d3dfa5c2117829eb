# ruff: noqa: E402 - without the export extra this module is skipped before its imports
"""The released nets pass the gate as they are, and are refused for the right reason when they are spoilt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the export extra")
pytest.importorskip("openvino", reason="needs the export extra")
pytest.importorskip("onnxruntime", reason="needs the export extra")

from edge.model_folder import installed, released
from export.errors import ExportError
from export.soundness import require_sound
from models.networks import deployed
from models.networks.deployed import Released

pytestmark = pytest.mark.heavy


def golden(name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    with np.load(released(name) / "golden.npz") as archive:
        crops = archive["crops"][::6].astype(np.float32)
    return np.repeat(crops[:, None], 3, axis=1)


def spoilt(tmp_path: Path, mean: float, scale: float) -> Released:
    """The small net with another mean and scale, written and read as a checkpoint is."""
    found = deployed.load(released("small-au") / "net.safetensors")
    found.net.mean.fill_(mean)
    found.net.scale.fill_(scale)
    deployed.save(found, tmp_path / "net.safetensors")
    return deployed.load(tmp_path / "net.safetensors")


@pytest.mark.parametrize("name", installed())
def test_a_released_net_is_sound(name: str) -> None:
    found = require_sound(deployed.load(released(name) / "net.safetensors").net, golden(name))
    assert found.warnings == ()
    assert len(found.largest) == 10


@pytest.mark.parametrize(
    ("mean", "scale"),
    [(0.0, 1.0), (117.0, 1.0), (117 / 255, 255 / 57)],
    ids=["neither mean nor scale", "no scale", "made for 0..1"],
)
def test_a_checkpoint_whose_input_is_not_normalised_is_refused_for_that(
    tmp_path: Path, mean: float, scale: float
) -> None:
    with pytest.raises(
        ExportError, match=r"the net's input is not normalised: .* times its biases"
    ) as caught:
        require_sound(spoilt(tmp_path, mean, scale).net, golden("small-au"))
    assert "FP16" not in str(caught.value)
    assert "a net trained on 0..1 divides by 255" in str(caught.value)


def test_a_checkpoint_with_huge_activations_is_refused_for_that(tmp_path: Path) -> None:
    found = deployed.load(released("small-au") / "net.safetensors")
    with torch.no_grad():
        convolution = found.net.features[2]
        convolution.weight *= 50_000
        convolution.bias *= 50_000
    with pytest.raises(ExportError, match=r"beyond it in .*features\.2 \(") as caught:
        require_sound(found.net, golden("small-au"))
    # Its input is right, and nothing else is said of it.
    assert "input is" not in str(caught.value)
