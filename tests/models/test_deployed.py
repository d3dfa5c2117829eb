# ruff: noqa: E402 - without the train extra this module is skipped before its imports
"""What is released says what was trained."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("safetensors", reason="needs the train extra")

from safetensors.torch import save_file
from torch import Tensor, nn

from edge.emotions import LOGIT_LIMIT, EmotionStage
from edge.facs import EMOTIONS, UNIT_COLUMNS
from models.data.readers import DataError
from models.networks import deployed
from models.networks.build import build, set_stage
from models.networks.deployed import Released
from models.networks.face_net import FaceNet
from models.recipe import Recipe, Stage

pytestmark = [pytest.mark.heavy, pytest.mark.usefixtures("narrow")]
THRESHOLDS = np.linspace(-1.5, 1.0, len(UNIT_COLUMNS)).astype(np.float32)
FACTS = {"name": "tiny", "action_units": list(UNIT_COLUMNS), "emotions": list(EMOTIONS)}
FORMS = [("vgg16", 2), ("vgg16", 4), ("small", 2)]
"""Every network, in every form in which it is released."""


def trained(network: str = "vgg16", first_pool: int = 2) -> FaceNet:
    """A net whose normalisations and heads all do something."""
    torch.manual_seed(4)
    net = build(Recipe("tiny", [Stage(32, 8, 1.0)], network=network))
    for norm in net.modules():
        if isinstance(norm, nn.BatchNorm2d):
            nn.init.uniform_(norm.weight, 0.7, 1.5)
            nn.init.uniform_(norm.bias, -0.2, 0.4)
            norm.momentum = None  # the statistics of what it saw, whole
    set_stage(net, first_pool)
    with torch.no_grad():
        net.train()(pictures())
    nn.init.uniform_(net.heads["action_units"].bias, -1, 1)
    return net.eval()


def pictures() -> Tensor:
    torch.manual_seed(8)
    return torch.rand(16, 3, 32, 32) * torch.rand(16, 1, 1, 1) * 255


@torch.no_grad()
@pytest.mark.parametrize(("network", "first_pool"), FORMS)
def test_the_units_are_the_same_but_for_the_thresholds(network: str, first_pool: int) -> None:
    net, image = trained(network, first_pool), pictures()
    wanted = net(image)["action_units"] - torch.from_numpy(THRESHOLDS)
    assert wanted.shape == (16, 26)
    assert wanted.std(dim=0).min() > 1e-3  # it answers differently for different pictures
    torch.testing.assert_close(deployed.fold(net, THRESHOLDS)(image), wanted, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(net.unit_logits(image), net(image)["action_units"], rtol=0, atol=0)


@torch.no_grad()
def test_the_pooling_of_vgg_is_part_of_its_form() -> None:
    net, image = trained("vgg16", 4), pictures()
    wanted = net(image)["action_units"]
    set_stage(net, 2)
    assert not torch.allclose(net(image)["action_units"], wanted, atol=1e-2)


def layers(released: nn.Module) -> set[type]:
    """What a device runs, containers left out."""
    return {type(m) for m in released.modules() if not list(m.children())}


@pytest.mark.parametrize("network", ["vgg16", "small"])
def test_no_batch_normalisation_is_released(network: str) -> None:
    released = deployed.fold(trained(network), THRESHOLDS)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in released.modules())
    pools = {"vgg16": {nn.MaxPool2d}, "small": set()}[network]
    assert layers(released) == {nn.Conv2d, nn.ReLU, nn.Linear, *pools}
    convolutions = [m for m in released.modules() if isinstance(m, nn.Conv2d)]
    assert len(convolutions) == {"vgg16": 13, "small": 11}[network]
    assert not released.training


@torch.no_grad()
@pytest.mark.parametrize("network", ["vgg16", "small"])
def test_the_emotions_are_the_same(network: str) -> None:
    net, image = trained(network), pictures()
    said = net(image)
    room = LOGIT_LIMIT - np.abs(THRESHOLDS).max()
    assert said["action_units"].abs().max() < room  # nothing is clipped
    stage = EmotionStage(UNIT_COLUMNS, EMOTIONS, 0.4, **deployed.shifted_stage(net, THRESHOLDS, 1.0))

    shifted = deployed.fold(net, THRESHOLDS)(image).numpy()

    wanted = torch.softmax(said["emotions"], dim=1).numpy()
    np.testing.assert_allclose(stage.probabilities(shifted), wanted, atol=1e-5)


@torch.no_grad()
def test_the_temperature_changes_the_confidence_and_not_the_answer() -> None:
    net, image = trained(), pictures()
    said = net(image)
    stage = EmotionStage(UNIT_COLUMNS, EMOTIONS, 0.4, **deployed.shifted_stage(net, THRESHOLDS, 2.0))
    got = stage.probabilities(said["action_units"].numpy() - THRESHOLDS)
    np.testing.assert_allclose(got, torch.softmax(said["emotions"] / 2.0, dim=1).numpy(), atol=1e-5)
    assert (got.argmax(axis=1) == said["emotions"].argmax(dim=1).numpy()).all()


def released(network: str = "vgg16", first_pool: int = 2) -> Released:
    net = trained(network, first_pool)
    stage = deployed.shifted_stage(net, THRESHOLDS, 1.3)
    facts = {**FACTS, "network": network, "first_pool": first_pool}
    return Released(deployed.fold(net, THRESHOLDS), stage, facts)


@torch.no_grad()
@pytest.mark.parametrize(("network", "first_pool"), FORMS)
def test_a_checkpoint_comes_back_in_half_precision(tmp_path: Path, network: str, first_pool: int) -> None:
    before, path = released(network, first_pool), tmp_path / "deep" / "net.safetensors"
    deployed.save(before, path)
    after = deployed.load(path)

    assert after.facts == before.facts
    assert after.stage.keys() == before.stage.keys()
    for name, array in before.stage.items():
        np.testing.assert_array_equal(after.stage[name], array)
    for name, tensor in before.net.state_dict().items():
        torch.testing.assert_close(after.net.state_dict()[name], tensor.half().float(), rtol=0, atol=0)
    image = pictures()
    torch.testing.assert_close(after.net(image), before.net(image), rtol=0.02, atol=0.02)
    weights = sum(p.numel() for p in before.net.parameters())
    assert path.stat().st_size < 2 * weights + 20_000


@torch.no_grad()
def test_a_checkpoint_of_version_0_1_0_did_not_name_its_network(tmp_path: Path) -> None:
    before, path = released(first_pool=4), tmp_path / "net.safetensors"
    del before.facts["network"]
    deployed.save(before, path)
    torch.testing.assert_close(
        deployed.load(path).net(pictures()), before.net(pictures()), rtol=0.02, atol=0.02
    )


def test_what_is_a_released_file(tmp_path: Path) -> None:
    path, other = tmp_path / "net.safetensors", tmp_path / "other.safetensors"
    deployed.save(released(), path)
    save_file({"features.0.weight": torch.zeros(4, 3, 3, 3)}, other)
    (tmp_path / "letters.safetensors").write_bytes(b"letters")
    assert deployed.is_released(path)
    for name in ("other", "letters", "nowhere"):
        assert not deployed.is_released(tmp_path / f"{name}.safetensors")


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        deployed.load(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize("raw", [b"", b"no checkpoint", bytes(4000)])
def test_other_bytes_are_one_sentence(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "net.safetensors"
    path.write_bytes(raw)
    assert "is no checkpoint of facecue train (" in refusal(path)


def test_a_checkpoint_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    deployed.save(released(), path)
    path.write_bytes(path.read_bytes()[:-100])
    assert "is no checkpoint of facecue train (" in refusal(path)


def test_a_missing_checkpoint(tmp_path: Path) -> None:
    assert "there is no checkpoint" in refusal(tmp_path / "net.safetensors")
    (tmp_path / "folder").mkdir()
    assert "is no checkpoint of facecue train (" in refusal(tmp_path / "folder")


@pytest.mark.parametrize(
    "facts",
    [
        *(None, "{", "[]", "{}", '{"action_units": 3}', '{"action_units": ["AU01"]}'),
        json.dumps({**FACTS, "first_pool": 2, "network": "resnet"}),
    ],
)
def test_safetensors_of_something_else(tmp_path: Path, facts: str | None) -> None:
    path = tmp_path / "net.safetensors"
    tensors = {f"net.{k}": v for k, v in released().net.state_dict().items()}
    save_file(tensors, path, {} if facts is None else {"facecue": facts})
    assert "is no checkpoint of facecue train (" in refusal(path)


def test_weights_of_another_net(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    tensors = {"net.mean": torch.zeros(1, 3, 1, 1), "net.action_unit_head.weight": torch.zeros(26, 8)}
    save_file(tensors, path, {"facecue": json.dumps({**FACTS, "first_pool": 2})})
    assert "is no checkpoint of facecue train (Error(s) in loading" in refusal(path)


def test_weights_without_their_units(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    facts = {"facecue": json.dumps({**FACTS, "first_pool": 2})}
    save_file({"net.mean": torch.zeros(1, 3, 1, 1)}, path, facts)
    assert "is no checkpoint of facecue train ('net.action_unit_head.weight')" in refusal(path)
