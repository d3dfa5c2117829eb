# ruff: noqa: E402 - without the train extra this module is skipped before its imports
"""Weights of others, in their layouts, compute here what they computed there."""

from __future__ import annotations

import os
import pickle
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("safetensors", reason="needs the train extra")

from safetensors.torch import save_file
from torch import Tensor, nn

from edge.emotions import EmotionStage
from edge.facs import ACTION_UNITS, EMOTIONS, UNIT_COLUMNS
from models.data.readers import DataError
from models.networks import deployed, initialise, vgg_face_au
from models.networks.build import build
from models.networks.deployed import Released
from models.networks.face_net import FaceNet
from models.networks.go_on import go_on
from models.networks.vgg_face_au import VggFaceAu
from models.recipe import Head, Recipe, Stage

pytestmark = [pytest.mark.heavy, pytest.mark.usefixtures("narrow")]

RECIPE = Recipe("tiny", [Stage(32, 8, 1.0)])
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
VGG_FACE_MEAN = (129.1863, 104.7624, 93.5940)
TORCHVISION = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
"""Numbers of the convolutions in torchvision's vgg16().features."""
NAMED = [f"conv{block}_{layer}" for block, n in enumerate((2, 2, 3, 3, 3), 1) for layer in range(1, n + 1)]


def published(kind: str) -> list[nn.Conv2d]:
    """Thirteen convolutions as somebody else trained them."""
    torch.manual_seed(5)
    channels, made = 3, []
    for width in (w for block in vgg_face_au.BLOCKS for w in block):
        conv = nn.Conv2d(channels, width, 3, padding=1).requires_grad_(False)
        nn.init.normal_(conv.weight, std=(2 / (9 * channels)) ** 0.5)
        nn.init.normal_(conv.bias, std=0.2)
        made.append(conv)
        channels = width
    if kind == "vgg-face":
        made[0].weight /= 57.0  # its input is some fifty times larger
    return made


def reference(convs: list[nn.Conv2d], grey: Tensor, kind: str, bgr: bool = False) -> Tensor:
    """The first block on a grey picture, normalised as published."""
    image = grey.expand(-1, 3, -1, -1)
    mean = torch.tensor(IMAGENET_MEAN if kind == "imagenet" else VGG_FACE_MEAN).view(1, 3, 1, 1)
    if kind == "imagenet":
        image = (image / 255 - mean) / torch.tensor(IMAGENET_STD).view(1, 3, 1, 1)
    else:
        image = image - (mean.flip(1) if bgr else mean)
    return torch.relu(convs[1](torch.relu(convs[0](image))))


def shuffled(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """In the order of the alphabet, where 10 comes before 2."""
    return OrderedDict(sorted(state.items()))


def torchvision(convs: list[nn.Conv2d]) -> dict[str, Tensor]:
    state = {f"features.{n}.{k}": v for n, c in zip(TORCHVISION, convs) for k, v in c.state_dict().items()}
    return {**state, "classifier.0.weight": torch.zeros(4, 8), "classifier.0.bias": torch.zeros(4)}


def vgg_face(convs: list[nn.Conv2d]) -> dict[str, Tensor]:
    state = {f"{n}.{k}": v for n, c in zip(NAMED, convs) for k, v in c.state_dict().items()}
    return {**state, "fc6.weight": torch.zeros(4, 8), "fc6.bias": torch.zeros(4)}


def flax(convs: list[nn.Conv2d]) -> dict[str, Any]:
    layers = {
        f"Conv_{i}": {"kernel": c.weight.permute(2, 3, 1, 0).numpy(), "bias": c.bias.numpy()}
        for i, c in enumerate(convs)
    }
    return {"VGG16_0": shuffled(layers), "NetLinLayer_0": {"Conv_0": {"kernel": np.zeros((1, 1, 4, 1))}}}


def write(path: Path, layout: str, convs: list[nn.Conv2d]) -> Path:
    state = {"torchvision": torchvision, "vgg-face": vgg_face, "flax": flax}[layout](convs)
    if path.suffix == ".safetensors":
        save_file(state, path)
    elif path.suffix == ".pth":
        torch.save(shuffled(state), path)
    else:
        path.write_bytes(pickle.dumps(state))
    return path


def net() -> VggFaceAu:
    made = build(RECIPE)
    assert isinstance(made, VggFaceAu)
    return made.eval()


def pictures(side: int = 24) -> Tensor:
    torch.manual_seed(6)
    return nn.functional.interpolate(torch.rand(2, 1, 6, 6) * 255, side, mode="bilinear")


def first_block(loaded: VggFaceAu, grey: Tensor) -> Tensor:
    with torch.no_grad():
        return loaded.blocks[0]((grey.expand(-1, 3, -1, -1) - loaded.mean) * loaded.scale)


def interior(features: Tensor) -> Tensor:
    """Without the two pixels that see the border: outside, nets with other means see other greys."""
    return features[:, :, 2:-2, 2:-2]


LAYOUTS = [
    ("torchvision", "w.safetensors"),
    ("torchvision", "w.pth"),
    ("flax", "w.ckpt"),
    ("vgg-face", "w.pth"),
    ("vgg-face", "w.safetensors"),
]


@pytest.mark.parametrize("kind", ["imagenet", "vgg-face"])
@pytest.mark.parametrize(("layout", "file"), LAYOUTS)
def test_the_loaded_net_computes_what_the_published_one_does(
    tmp_path: Path, layout: str, file: str, kind: str
) -> None:
    convs = published(kind)
    ours, grey = net(), pictures()

    assert initialise.load(ours, write(tmp_path / file, layout, convs)) == kind

    wanted = interior(reference(convs, grey, kind))
    assert wanted.std() > 0.05  # there is something to compare
    torch.testing.assert_close(interior(first_block(ours, grey)), wanted, rtol=1e-3, atol=1e-3)
    for (conv, _), theirs in list(zip(ours.convolutions(), convs))[1:]:
        assert torch.equal(conv.weight, theirs.weight)
        assert torch.equal(conv.bias, theirs.bias)


def test_filters_that_read_blue_first_are_told_apart_by_the_flag(tmp_path: Path) -> None:
    convs, grey = published("vgg-face"), pictures()
    path = write(tmp_path / "w.pth", "vgg-face", convs)
    wanted = interior(reference(convs, grey, "vgg-face", bgr=True))
    found = {}
    for bgr in (False, True):
        ours = net()
        initialise.load(ours, path, bgr)
        found[bgr] = interior(first_block(ours, grey))
    torch.testing.assert_close(found[True], wanted, rtol=1e-3, atol=1e-3)
    assert (found[False] - wanted).abs().max() > 0.05


class Harmful:
    """Unpickled without care, it would make a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("file", ["w.ckpt", "w.pth"])
def test_a_pickle_that_would_run_code_is_refused(tmp_path: Path, file: str) -> None:
    path, made = tmp_path / file, tmp_path / "made"
    if path.suffix == ".pth":
        torch.save({"w": Harmful(made)}, path)
    else:
        path.write_bytes(pickle.dumps({"w": Harmful(made)}))
    with pytest.raises(DataError, match="is not a weights file that can be read safely") as caught:
        initialise.read(path)
    assert "\n" not in str(caught.value)
    assert not made.exists()
    pickle.loads(pickle.dumps(Harmful(made)))
    assert made.exists()  # it would have


@pytest.mark.parametrize(
    "raw", [b"", b"no weights", bytes(500), b"\x80\x02K\x01.", b"PK\x03\x04" + bytes(90)]
)
@pytest.mark.parametrize("file", ["w.ckpt", "w.pth", "w.safetensors"])
def test_other_bytes_are_one_sentence(tmp_path: Path, file: str, raw: bytes) -> None:
    (tmp_path / file).write_bytes(raw)
    with pytest.raises(DataError, match=f"{file} is not a weights file that can be read safely") as caught:
        initialise.read(tmp_path / file)
    assert "\n" not in str(caught.value)


def test_a_missing_file_says_where_to_look(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"w\.ckpt is missing: see docs/training\.md"):
        initialise.read(tmp_path / "w.ckpt")


@pytest.mark.parametrize("taken", ["features.28.weight", "features.28.bias"])
def test_another_net_is_refused(tmp_path: Path, taken: str) -> None:
    state = torchvision(published("imagenet"))
    del state[taken]
    save_file(state, tmp_path / "w.safetensors")
    with pytest.raises(DataError, match=r"expected 13 3x3 convolutions with biases \(VGG-16\), found 1[23]"):
        initialise.load(net(), tmp_path / "w.safetensors")


def test_other_widths_are_refused_and_nothing_is_loaded(tmp_path: Path) -> None:
    convs = published("imagenet")
    convs[12] = nn.Conv2d(8, 9, 3)
    ours = net()
    before = [conv.weight.clone() for conv, _ in ours.convolutions()]
    with pytest.raises(DataError, match=r"a convolution is \(9, 8, 3, 3\), VGG-16 has \(8, 8, 3, 3\)"):
        initialise.load(ours, write(tmp_path / "w.pth", "torchvision", convs))
    assert all(torch.equal(a, conv.weight) for a, (conv, _) in zip(before, ours.convolutions()))


def plain(net: VggFaceAu, image: Tensor) -> Tensor:
    """The net's features without its batch normalisations."""
    x = (image - net.mean) * net.scale
    for index, block in enumerate(net.blocks):
        if index:
            x = nn.functional.max_pool2d(x, net.first_pool if index == 1 else 2)
        for layer in block.children():
            x = x if isinstance(layer, nn.BatchNorm2d) else layer(x)
    return x.mean(dim=(2, 3))


@torch.no_grad()
@pytest.mark.parametrize("first_pool", [2, 4])
def test_preserve_keeps_the_function_even_with_dead_channels(tmp_path: Path, first_pool: int) -> None:
    ours = net()
    ours.first_pool = first_pool
    initialise.load(ours, write(tmp_path / "w.pth", "torchvision", published("imagenet")))
    for index, (conv, _) in enumerate(ours.convolutions()):
        conv.weight[0] = 0.0  # constant
        conv.weight[1] *= 1e-4  # nearly dead
        if index % 2:
            conv.bias[0] = -1.0  # and dead behind the ReLU
    some, others = pictures(32).expand(-1, 3, -1, -1), torch.rand(4, 3, 32, 32) * 255

    initialise.preserve(ours, some)

    norms = [norm for _, norm in ours.convolutions()]
    assert all(norm.training for norm in norms)
    assert all(torch.isfinite(value).all() for norm in norms for value in norm.state_dict().values())
    ours.eval()
    for image in (some, others):
        wanted = plain(ours, image)
        difference = (ours.suffix(ours.prefix(image, 0)) - wanted).abs().max() / wanted.abs().max()
        assert difference < 1e-3
    # It does normalise: in training a batch keeps the mean that the sample had.
    assert (norms[0].running_mean != 0).any()


def of_run(path: Path, network: str = "vgg16", seed: int = 1, **changes: Any) -> FaceNet:
    """`net.pt` of a run of this network; returns what is in it."""
    torch.manual_seed(seed)
    former = build(replace(RECIPE, network=network, **changes)).eval()
    for norm in (m for m in former.modules() if isinstance(m, nn.BatchNorm2d)):
        nn.init.uniform_(norm.running_mean, -0.5, 0.5)
    torch.save({"net": former.state_dict(), "recipe": {"name": "former"}}, path)
    return former


@torch.no_grad()
@pytest.mark.parametrize("network", ["vgg16", "small"])
def test_another_runs_net_is_taken_whole(tmp_path: Path, network: str) -> None:
    former = of_run(tmp_path / "net.pt", network)
    torch.manual_seed(2)
    ours, image = build(replace(RECIPE, network=network)).eval(), pictures(32).expand(-1, 3, -1, -1)
    assert not torch.allclose(ours(image)["emotions"], former(image)["emotions"])

    assert initialise.start(ours, tmp_path / "net.pt") == "run"

    for name, answer in former(image).items():
        assert torch.equal(ours(image)[name], answer)


@torch.no_grad()
def test_heads_that_another_run_did_not_have_stay_as_they_are(tmp_path: Path) -> None:
    former = of_run(tmp_path / "net.pt")
    heads = [
        Head("action_units", "action_units"),
        Head("emotions", "emotions", reads="action_units", hidden=7),
        Head("attitude", "attitude"),
    ]
    torch.manual_seed(2)
    ours = build(replace(RECIPE, head=heads))
    before = {name: tensor.clone() for name, tensor in ours.state_dict().items()}

    assert initialise.start(ours, tmp_path / "net.pt") == "run"

    after = ours.state_dict()
    assert torch.equal(after["heads.action_units.weight"], former.heads["action_units"].weight)
    # Of another shape, or not there at all.
    for name in ("heads.emotions.hidden.weight", "heads.attitude.weight"):
        assert torch.equal(after[name], before[name])


def test_another_runs_net_of_another_network_is_refused(tmp_path: Path) -> None:
    of_run(tmp_path / "net.pt", "small")
    ours = net()
    before = {name: tensor.clone() for name, tensor in ours.state_dict().items()}
    with pytest.raises(DataError, match=r"net\.pt is of another network than the recipe's"):
        initialise.start(ours, tmp_path / "net.pt")
    assert all(torch.equal(tensor, before[name]) for name, tensor in ours.state_dict().items())


def test_vgg_weights_in_a_pt_are_vgg_weights(tmp_path: Path) -> None:
    state = shuffled(torchvision(published("imagenet")))
    torch.save(state, tmp_path / "vgg16.pt")
    assert initialise.start(net(), tmp_path / "vgg16.pt") == "imagenet"


@pytest.mark.parametrize("file", ["w.pt", "w.ckpt", "w.safetensors"])
def test_the_small_net_has_no_other_start(tmp_path: Path, file: str) -> None:
    convs = published("imagenet")
    if file.endswith(".pt"):
        torch.save(torchvision(convs), tmp_path / file)
    else:
        write(tmp_path / file, "torchvision", convs)
    small = build(replace(RECIPE, network="small"))
    with pytest.raises(DataError, match=f"{file} is no net.pt of another run, and this network has no other"):
        initialise.start(small, tmp_path / file)


@pytest.mark.parametrize("raw", [None, b"", b"no weights", bytes(500)])
def test_a_broken_net_of_another_run_is_one_sentence(tmp_path: Path, raw: bytes | None) -> None:
    if raw is not None:
        (tmp_path / "net.pt").write_bytes(raw)
    with pytest.raises(DataError, match=r"net\.pt is not a weights file that can be read safely") as caught:
        initialise.start(net(), tmp_path / "net.pt")
    assert "\n" not in str(caught.value)


def released(
    path: Path, units: tuple[str, ...] = UNIT_COLUMNS, network: str = "vgg16", hidden: int = 64
) -> Released:
    """A released net of these units."""
    torch.manual_seed(7)
    heads = [
        Head("action_units", "action_units"),
        Head("emotions", "emotions", reads="action_units", hidden=hidden),
    ]
    former = build(replace(RECIPE, network=network, head=heads)).eval()
    if network == "vgg16":
        assert isinstance(former, VggFaceAu)
        initialise.preserve(former, pictures(32).expand(-1, 3, -1, -1))
    former.eval()
    made = Released(
        deployed.fold(former, np.linspace(-1, 1, 26).astype(np.float32)),
        deployed.shifted_stage(former, np.linspace(-1, 1, 26).astype(np.float32), 1.5),
    )
    rows = [UNIT_COLUMNS.index(name) for name in units]
    head = made.net.action_unit_head
    head.weight, head.bias = nn.Parameter(head.weight[rows]), nn.Parameter(head.bias[rows])
    made.stage["hidden_weight"] = made.stage["hidden_weight"][:, rows]
    made.facts = {
        "name": "former",
        "network": network,
        "first_pool": 2,
        "action_units": list(units),
        "emotions": list(EMOTIONS),
    }
    deployed.save(made, path)
    return deployed.load(path)


@torch.no_grad()
@pytest.mark.parametrize("units", [UNIT_COLUMNS, tuple(ACTION_UNITS)], ids=["same units", "without sides"])
def test_a_released_net_goes_on_with_what_it_knows(tmp_path: Path, units: tuple[str, ...]) -> None:
    former = released(tmp_path / "net.safetensors", units)
    torch.manual_seed(9)
    ours, image = net(), pictures(32).expand(-1, 3, -1, -1)

    go_on(ours, tmp_path / "net.safetensors", UNIT_COLUMNS)
    initialise.preserve(ours, image)

    said = ours.eval()(image)
    rows = [UNIT_COLUMNS.index(name) for name in units]
    wanted = former.net(image)
    assert wanted.std() > 0.01
    torch.testing.assert_close(said["action_units"][:, rows], wanted, rtol=1e-3, atol=1e-3)
    # Its emotions too: the units that it did not have say nothing there yet.
    stage = EmotionStage(units, EMOTIONS, 0.0, **former.stage)
    found = torch.softmax(said["emotions"], dim=1).numpy()
    np.testing.assert_allclose(found, stage.probabilities(wanted.numpy()), atol=1e-3)


@torch.no_grad()
def test_an_emotion_stage_of_another_width_stays_random(tmp_path: Path) -> None:
    released(tmp_path / "net.safetensors", hidden=5)
    ours = net()
    before = ours.heads["emotions"].hidden.weight.clone()
    go_on(ours, tmp_path / "net.safetensors", UNIT_COLUMNS)
    assert torch.equal(ours.heads["emotions"].hidden.weight, before)


def test_only_vgg_goes_on_from_a_released_net(tmp_path: Path) -> None:
    for former, ours in (("small", "vgg16"), ("vgg16", "small"), ("small", "small")):
        released(tmp_path / "net.safetensors", network=former)
        with pytest.raises(DataError, match=r"net\.safetensors: only a VGG-16 can go on from a released one"):
            go_on(build(replace(RECIPE, network=ours)), tmp_path / "net.safetensors", UNIT_COLUMNS)


def test_units_that_nobody_knows_any_more_are_refused(tmp_path: Path) -> None:
    released(tmp_path / "net.safetensors")
    with pytest.raises(DataError, match="reads the units AU14L, AU14R, which this net has not"):
        go_on(net(), tmp_path / "net.safetensors", UNIT_COLUMNS[:24])
