# ruff: noqa: E402 - without the export extra this module is skipped before its imports
"""Somebody else's net computes here what it computed there, or is refused in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the export extra")
pytest.importorskip("safetensors", reason="needs the export extra")

import foreign_nets
from foreign_nets import MEAN, SIDE, UNITS, Published, describe, vgg_face_names
from safetensors.torch import save_file
from torch import Tensor, nn

from models import net_description
from models.data.readers import DataError
from models.networks import foreign

pytestmark = pytest.mark.heavy

FACES = np.random.default_rng(3).integers(0, 255, (4, SIDE, SIDE), dtype=np.uint8)


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def loaded(path: Path) -> nn.Module:
    net, weights = net_description.read(path)
    return foreign.load(net, weights, path.parent)


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        loaded(path)
    text = str(caught.value)
    assert "\n" not in text
    return text


def grey(count: int = 4) -> Tensor:
    """The faces as the device prepares them."""
    return torch.from_numpy(FACES[:count].astype(np.float32))[:, None].expand(-1, 3, -1, -1).contiguous()


def answers(net: nn.Module, images: Tensor) -> Tensor:
    with torch.no_grad():
        return torch.cat([net(image[None]) for image in images])


def normalised(images: Tensor, mean: Any = 117.0, divisor: Any = 57.0) -> Tensor:
    """As somebody's training would have done it."""
    wide = [torch.as_tensor(v, dtype=torch.float32).reshape(1, -1, 1, 1) for v in (mean, divisor)]
    return (images - wide[0]) / wide[1]


def same(ours: Tensor, theirs: Tensor) -> None:
    assert theirs.std(dim=0).max() > 0.01  # or every net would pass
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("rename", [dict, vgg_face_names], ids=["torchvision", "vgg-face"])
@pytest.mark.parametrize("normed", [False, True], ids=["plain", "batch norm"])
@pytest.mark.parametrize("grid", [False, True], ids=["pooled", "grid"])
def test_vgg_in_every_layout_answers_as_it_did(
    tmp_path: Path, rename: Callable[[Any], Any], normed: bool, grid: bool
) -> None:
    theirs = Published(normed, grid, hidden=12)
    state = rename(theirs) if rename is vgg_face_names else theirs.state_dict()
    ours = loaded(describe(tmp_path / "n.toml", state))
    same(answers(ours, grey()), answers(theirs, normalised(grey())))
    assert not any(isinstance(m, nn.BatchNorm2d) for m in ours.modules())


def test_each_channels_mean_meets_the_filters_that_it_is_of(tmp_path: Path) -> None:
    theirs = Published()
    rgb = answers(theirs, normalised(grey(), list(MEAN.values()), 57.0))
    bgr = answers(theirs, normalised(grey(), list(MEAN.values())[::-1], 57.0))
    for channels, wanted in (("rgb", rgb), ("bgr", bgr)):
        path = describe(tmp_path / f"{channels}.toml", theirs.state_dict(), channels=channels, mean=MEAN)
        same(answers(loaded(path), grey()), wanted)
    assert (rgb - bgr).abs().max() > 0.05


def test_a_net_of_one_channel(tmp_path: Path) -> None:
    theirs = Published(channels=1)
    path = describe(tmp_path / "n.toml", theirs.state_dict(), channels="grey", mean=0, divide_by=255)
    same(answers(loaded(path), grey()), answers(theirs, grey()[:, :1] / 255))


def test_pooling_by_the_largest_and_without_the_last_pool(tmp_path: Path) -> None:
    theirs = Published()
    path = describe(tmp_path / "n.toml", theirs.state_dict(), pooling="max", last_pool=False)
    with torch.no_grad():
        features = theirs.features[:-1](normalised(grey())).amax(dim=(2, 3))
        same(answers(loaded(path), grey()), theirs.classifier(features))


def test_probabilities_become_log_odds_and_a_threshold_the_zero(tmp_path: Path) -> None:
    class Shares(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = Published()

        def forward(self, x: Tensor) -> Tensor:
            return torch.sigmoid(self.net(x))

    (tmp_path / "shares.py").write_text(
        "import torch\nfrom foreign_nets import Published\n"
        "class Shares(torch.nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n        self.net = Published()\n"
        "    def forward(self, x):\n        return torch.sigmoid(self.net(x))\n"
    )
    theirs = Shares().eval()
    path = describe(
        tmp_path / "n.toml",
        theirs.state_dict(),
        architecture="shares.py:Shares",
        output="probabilities",
        thresholds={"AU12": 0.3},
    )
    found = answers(loaded(path), grey())
    shares = answers(theirs, normalised(grey()))
    column = UNITS.index("AU12")
    torch.testing.assert_close(found[:, :4], torch.logit(shares[:, :4]), rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(
        torch.sigmoid(found[:, column] + np.log(0.3 / 0.7)), shares[:, column], rtol=1e-3, atol=1e-4
    )


def test_a_column_that_is_no_unit_is_left_out(tmp_path: Path) -> None:
    theirs = Published()
    units = [*UNITS[:2], "-", *UNITS[3:]]
    path = describe(tmp_path / "n.toml", theirs.state_dict(), action_units=units)
    assert net_description.read(path)[0].units == ("AU01", "AU02", "AU06", "AU12", "AU15", "AU25")
    wanted = answers(theirs, normalised(grey()))
    same(answers(loaded(path), grey()), wanted[:, [0, 1, 3, 4, 5, 6]])


def test_weights_lie_in_checkpoints_of_many_kinds(tmp_path: Path) -> None:
    theirs = Published()
    wanted = answers(theirs, normalised(grey()))
    parallel = {f"module.{k}": v for k, v in theirs.state_dict().items()}
    halved = {f"backbone.{k}" if "features" in k else k: v for k, v in theirs.state_dict().items()}
    for number, state in enumerate(({"state_dict": parallel, "epoch": 3}, {"net": parallel}, halved)):
        same(answers(loaded(describe(tmp_path / f"{number}.toml", state)), grey()), wanted)
    save_file(theirs.state_dict(), tmp_path / "safe.safetensors")
    same(answers(loaded(describe(tmp_path / "safe.toml")), grey()), wanted)
    # The file of the weights finds its description, and a description weights of another name.
    same(answers(loaded_from(tmp_path / "safe.safetensors"), grey()), wanted)
    same(answers(loaded(describe(tmp_path / "other.toml", weights="safe.safetensors")), grey()), wanted)


def loaded_from(weights: Path) -> nn.Module:
    net, found = net_description.read(weights)
    assert found == weights
    return foreign.load(net, found, weights.parent)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("compiled", ["trace", "script"])
def test_torchscript(tmp_path: Path, compiled: str) -> None:
    theirs = Published(normed=True)
    made = (
        torch.jit.trace(theirs, torch.rand(1, 3, SIDE, SIDE))
        if compiled == "trace"
        else torch.jit.script(theirs)
    )
    made.save(tmp_path / "n.pt")
    path = describe(tmp_path / "n.toml", architecture="torchscript", thresholds={"AU1": 0.4})
    ours = loaded(path)
    assert not ours.training
    found, wanted = answers(ours, grey()), answers(theirs, normalised(grey()))
    same(found[:, 1:], wanted[:, 1:])
    torch.testing.assert_close(found[:, 0], wanted[:, 0] - np.log(0.4 / 0.6), rtol=1e-3, atol=1e-3)


def without(state: dict[str, Tensor], *names: str) -> dict[str, Tensor]:
    return {k: v for k, v in state.items() if k not in names}


STATE = Published().state_dict()
WRONG: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    "missing and superfluous": (
        {**without(STATE, "features.5.weight", "features.2.bias"), "temperature": torch.ones(1)},
        {},
        ["missing features.2.bias and features.5.weight", "superfluous temperature", "conv1_1.weight"],
    ),
    "shape": (
        {**STATE, "features.5.weight": torch.zeros(6, 5, 3, 3)},
        {},
        ["features.5.weight is (6, 5, 3, 3), not (6, 4, 3, 3)"],
    ),
    "kernel": (
        {**STATE, "features.0.weight": torch.zeros(4, 3, 5, 5)},
        {},
        ["(4, 3, 5, 5), not (4, 3, 3, 3)"],
    ),
    "no head": (
        without(STATE, "classifier.0.weight", "classifier.0.bias"),
        {},
        ["missing a head of 7 outputs"],
    ),
    "other units": (
        STATE,
        {"action_units": ["AU1", "AU2"]},
        ["classifier.0 gives 7 answers, but action_units names 2"],
    ),
    "size": (
        Published(grid=True).state_dict(),
        {"image_size": 96},
        ["reads 40 features, but the last convolution gives 10, or 90 in all its 3 x 3 cells", "image_size"],
    ),
    "grey": (STATE, {"channels": "grey"}, ["features.0.weight is (4, 3, 3, 3), not (4, 1, 3, 3)"]),
    "another net": (
        {"layer.weight": torch.zeros(3, 3)},
        {},
        ["missing conv1_1.bias", "superfluous layer.weight"],
    ),
    "no numbers": (
        {**STATE, "features.0.bias": torch.full((4,), float("nan"))},
        {},
        ["no numbers in features.0.bias"],
    ),
    "no state": ({"epoch": 3}, {}, ["holds no state dict", "torch.save(net.state_dict(), FILE)"]),
    "empty": ({}, {}, ["holds no state dict"]),
}


@pytest.mark.parametrize("name", WRONG)
def test_weights_that_do_not_fit_are_refused_with_all_that_is_wrong(tmp_path: Path, name: str) -> None:
    state, changes, words = WRONG[name]
    text = refusal(describe(tmp_path / "n.toml", state, **changes))
    assert str(tmp_path / "n.pth") in text
    for part in words:
        assert part in text


def test_a_pickled_net_is_not_run(tmp_path: Path) -> None:
    path = describe(tmp_path / "n.toml", {})
    torch.save(Published(), tmp_path / "n.pth")
    assert "no state dict that can be read safely" in refusal(path)
    (tmp_path / "n.pth").write_bytes(b"junk")
    assert "no state dict that can be read safely" in refusal(path)


DESCRIPTIONS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "missing keys": (
        {"mean": None, "divide_by": None, "licence": None},
        ["mean: missing", "divide_by: missing", "licence"],
    ),
    "unknown key": ({"scale": 255}, ["scale: no such key", "divide_by"]),
    "kind": ({"image_size": "64"}, ["image_size: '64' is not a whole number"]),
    "words": (
        {"channels": "hsv", "output": "softmax", "pooling": "sum", "architecture": "resnet"},
        [
            "channels: 'hsv' is not grey, rgb or bgr",
            "output: 'softmax'",
            "pooling: 'sum'",
            "architecture: 'resnet'",
        ],
    ),
    "units": (
        {"action_units": ["AU1", "AU11", "AU1", "smile"]},
        ["facecue does not know AU11, smile", "AU01 stands twice", '"-" leaves a column'],
    ),
    "mean": ({"mean": {"red": 1, "green": 2}}, ["mean: give a number, or one for each of red, green, blue"]),
    "divisor": ({"divide_by": 0}, ["divide_by: 0 divides nothing"]),
    "thresholds": ({"thresholds": {"AU9": 0.5, "AU1": 1.5}}, ["AU09 is none of", "AU01 1.5 is not between"]),
    "no emotions": ({"emotions": []}, ["emotions: the runtime's attitude needs them"]),
    "emotions": ({"emotions": ["joy"], "emotion_stage": "e.npz"}, ["joy is none of neutral"]),
    "order": ({"emotions": ["happiness", "neutral"]}, ["the released stage has all eight"]),
    "weights": ({"weights": "gone.pth"}, ["weights: there is no file", "gone.pth"]),
}


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_a_description_is_refused_with_every_wrong_key(tmp_path: Path, name: str) -> None:
    changes, words = DESCRIPTIONS[name]
    text = refusal(describe(tmp_path / "n.toml", STATE, **changes))
    assert text.startswith(f"{tmp_path / 'n.toml'}: ")
    for part in words:
        assert part in text


def test_a_description_or_weights_that_are_not_there(tmp_path: Path) -> None:
    assert "none of n.safetensors, n.pth, n.pt lies beside it" in refusal(describe(tmp_path / "n.toml"))
    assert "cannot be read: No such file" in refusal(tmp_path / "gone.toml")
    torch.save(STATE, tmp_path / "bare.pth")
    assert "describe the net in bare.toml beside it" in refusal(tmp_path / "bare.pth")
    (tmp_path / "bad.toml").write_text("= 3")
    assert "is not valid TOML" in refusal(tmp_path / "bad.toml")


PYTHON = {
    "gone.py:build": "there is no file",
    "no_such_package.nets:build": "No module named 'no_such_package'",
    "nets.py:gone": "has no attribute 'gone'",
    "nets.py:number": "gives a int, not a torch.nn.Module",
    "nets.py:broken": "gives no net (I am broken)",
    "nets.py:other": "does not fit the net: missing weight and bias; superfluous",
    "nets.py:wide": "(1, 8), but action_units ask for (1, 7)",
    "nets.py:two": "the net answers with tuple, not with one tensor",
    "nets.py:deep": "the net does not take a picture (1, 3, 64, 64)",
}


@pytest.mark.parametrize("architecture", PYTHON)
def test_a_net_written_in_python_is_refused_for_what_is_wrong(tmp_path: Path, architecture: str) -> None:
    (tmp_path / "nets.py").write_text(
        "import torch\nfrom torch import nn\n"
        "def number():\n    return 3\n"
        "def broken():\n    raise KeyboardError if False else ValueError('I am broken')\n"
        "def other():\n    return nn.Linear(3, 3)\n"
        "class Part(nn.Module):\n"
        "    def __init__(self, f):\n        super().__init__()\n        self.f = f\n"
        "        self.anything = nn.Parameter(torch.zeros(1))\n"
        "    def forward(self, x):\n        return self.f(x)\n"
        "def wide():\n    return Part(lambda x: x.mean((2, 3))[:, :1].expand(1, 8))\n"
        "def two():\n    return Part(lambda x: (x, x))\n"
        "def deep():\n    return Part(lambda x: x @ torch.zeros(3, 3))\n"
    )
    state = STATE if architecture.endswith("other") else {"anything": torch.zeros(1)}
    text = refusal(describe(tmp_path / "n.toml", state, architecture=architecture))
    assert PYTHON[architecture] in text


def test_answers_of_the_training_are_compared_and_the_likely_cause_is_told(tmp_path: Path) -> None:
    theirs = Published()
    wanted = answers(theirs, normalised(grey(), list(MEAN.values())[::-1], 57.0)).numpy()
    np.savez(tmp_path / "answers.npz", images=FACES, answers=wanted)

    def text(**changes: Any) -> str:
        return refusal(
            describe(
                tmp_path / "n.toml",
                theirs.state_dict(),
                **{"mean": MEAN, "expected": "answers.npz", **changes},
            )
        )

    right = {"mean": MEAN, "channels": "bgr", "expected": "answers.npz"}
    loaded(describe(tmp_path / "n.toml", theirs.state_dict(), **right))
    assert 'with channels = "bgr" they agree' in text()
    assert "with divide_by 255 times as large they agree" in text(channels="bgr", divide_by=57 / 255)
    assert "are not those of the training" in text(mean=50)
    np.savez(tmp_path / "answers.npz", images=FACES, answers=wanted[:, :3])
    assert "answers has the shape (4, 3), not (4, 7)" in text()
    np.savez(tmp_path / "answers.npz", images=FACES)
    assert "has no column answers" in text()


def test_the_layouts_numbers_are_torchvisions() -> None:
    assert [f"features.{n}.weight" in STATE for n in (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)] == [
        True
    ] * 13
    assert foreign_nets.NAMES[0] == "1_1"
    assert foreign_nets.NAMES[-1] == "5_3"
