# ruff: noqa: E402 - without the export extra this module is skipped before its imports
"""Somebody else's net becomes a model folder through the same gate as ours, or is refused by it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the export extra")
pytest.importorskip("nncf", reason="needs the export extra")

import cv2
from foreign_nets import SIDE, UNITS, Published, describe
from torch import Tensor

from edge.action_units import ActionUnitNet
from edge.backends.openvino_core import OpenVinoBackend
from edge.clips import CLIPS
from edge.facs import EMOTIONS
from edge.model_folder import open_folder
from edge.sources.clip import ClipReader
from export.errors import ExportError
from export.folder import export_model
from models import exporting
from models.data.readers import DataError
from models.networks.foreign import ForeignNet

pytestmark = pytest.mark.heavy


def silent(_: str) -> None: ...


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frames of a bundled clip, as a person would keep pictures."""
    folder = tmp_path_factory.mktemp("pictures")
    reader = ClipReader(CLIPS / "single_face.mp4")
    try:
        for number in range(12):
            frame = reader.read()
            assert frame is not None
            cv2.imwrite(str(folder / f"{number}.png"), frame.image)
            for _ in range(3):
                reader.read()
    finally:
        reader.close()
    return folder


def described(tmp_path: Path, pictures: Path, **changes: object) -> Path:
    state = Published(normed=True, hidden=12).state_dict()
    return describe(tmp_path / "n.toml", state, **{"golden": str(pictures), **changes})


def test_a_described_net_becomes_a_model_folder_that_answers_as_it_did(
    tmp_path: Path, pictures: Path
) -> None:
    path = described(tmp_path, pictures, thresholds={"AU12": 0.4})
    request = exporting.request_for(path, None)
    report = export_model(request, tmp_path / "model", silent, without=("int8", "stick"))
    assert "fp16" in report.differences

    folder = open_folder(tmp_path / "model", "fp16")
    assert folder.card.action_units == ("AU01", "AU02", "AU04", "AU06", "AU12", "AU15", "AU25")
    assert folder.card.emotions == EMOTIONS
    assert folder.card.licence == "mine alone"
    assert folder.card.image_size == SIDE
    said = folder.card.provenance
    assert said["emotion_stage"]["lent_by"] == "small-au"
    assert said["divide_by"] == {"red": 57.0, "green": 57.0, "blue": 57.0}
    assert len(folder.golden().crops) == 12

    crop = folder.golden().crops[3]
    device = OpenVinoBackend(folder, "CPU", 1)
    ours = ActionUnitNet(device, folder.card).of_crop(crop)
    device.close()
    image = torch.from_numpy((crop.astype(np.float32) - 117) / 57)[None, None].expand(1, 3, -1, -1)
    with torch.no_grad():
        theirs = Published(normed=True, hidden=12)(image)[0].numpy()
    theirs[UNITS.index("AU12")] -= np.log(0.4 / 0.6)
    np.testing.assert_allclose(ours, theirs, atol=0.05)


def test_a_net_for_0_to_1_that_is_fed_255_times_as_much_is_refused_for_that(
    tmp_path: Path, pictures: Path
) -> None:
    path = described(tmp_path, pictures, mean=117 / 255, divide_by=57 / 255)
    refuse(path, tmp_path, "the net's input is not normalised")


def test_a_net_with_huge_activations_is_refused_for_that(tmp_path: Path, pictures: Path) -> None:
    state = Published(normed=True).state_dict()
    for leaf in ("weight", "bias"):
        state[f"features.4.{leaf}"] *= 1e6  # the batch normalisation behind the second convolution
        state[f"features.7.{leaf}"] = state[f"features.7.{leaf}"] * (1e-6 if leaf == "weight" else 1)
    path = describe(tmp_path / "n.toml", state, golden=str(pictures))
    refuse(path, tmp_path, r"FP16 ends at 65,504, and on the golden crops the net goes beyond it in module\.")


def test_a_layer_that_no_stick_runs_is_refused_by_its_path(tmp_path: Path, pictures: Path) -> None:
    (tmp_path / "nets.py").write_text(
        "import torch\nfrom foreign_nets import Published\n"
        "def build():\n"
        "    net = Published(normed=True, hidden=12)\n"
        "    net.features[2] = torch.nn.Hardswish()\n"
        "    return net\n"
    )
    path = described(tmp_path, pictures, architecture="nets.py:build")
    match = r"module\.features\.2 \(ONNX node .*HardSigmoid\) is HardSigmoid: write relu6"
    refuse(path, tmp_path, match, without=("int8",))


def refuse(path: Path, tmp_path: Path, match: str, without: tuple[str, ...] = ("int8", "stick")) -> None:
    request = exporting.request_for(path, None)
    assert isinstance(request.net, ForeignNet)
    with pytest.raises(ExportError, match=match) as caught:
        export_model(request, tmp_path / "model", silent, without=without)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "model").exists()


def test_ones_own_second_stage(tmp_path: Path, pictures: Path) -> None:
    rng = np.random.default_rng(1)
    arrays = {
        "hidden_weight": rng.normal(size=(4, len(UNITS))),
        "hidden_bias": rng.normal(size=4),
        "output_weight": rng.normal(size=(2, 4)),
        "output_bias": rng.normal(size=2),
    }
    np.savez(tmp_path / "stage.npz", **arrays)
    path = described(tmp_path, pictures, emotion_stage="stage.npz", emotions=["neutral", "happiness"])
    request = exporting.request_for(path, None)
    assert request.emotions == ("neutral", "happiness")
    request.stage()
    for content in (b"", b"junk"):
        (tmp_path / "stage.npz").write_bytes(content)
        with pytest.raises(DataError, match=r"emotion_stage: .*stage\.npz cannot be read"):
            exporting.request_for(path, None)


def test_golden_pictures_that_cannot_be_used_are_named(tmp_path: Path, pictures: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    cv2.imwrite(str(mine / "wall.png"), np.full((200, 200, 3), 90, np.uint8))
    (mine / "notes.txt").write_text("no picture")
    with pytest.raises(DataError, match=r"notes\.txt .* and wall\.png \(no face is found in it\)"):
        exporting.request_for(described(tmp_path, mine), None)
    for file in mine.iterdir():
        file.unlink()
    (mine / "one.png").write_bytes((pictures / "0.png").read_bytes())
    with pytest.raises(DataError, match="holds 1 faces, at least 12 are needed"):
        exporting.request_for(described(tmp_path, mine), None)
    with pytest.raises(DataError, match="golden: the folder"):
        exporting.request_for(described(tmp_path, tmp_path / "gone"), None)


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("net.onnx", "is neither the net.safetensors of a training nor a NET.toml"),
        ("gone.safetensors", "there is no checkpoint"),
        ("gone.toml", "there is no checkpoint"),
    ],
)
def test_a_file_that_is_no_net_is_refused(tmp_path: Path, name: str, match: str) -> None:
    (tmp_path / "net.onnx").write_bytes(b"onnx")
    with pytest.raises(DataError, match=match):
        exporting.request_for(tmp_path / name, None)


def test_what_is_said_of_the_net_can_be_kept_in_a_card(tmp_path: Path, pictures: Path) -> None:
    json.dumps(exporting.request_for(described(tmp_path, pictures), None).provenance)
    net = exporting.request_for(described(tmp_path, pictures), None).net
    with torch.no_grad():
        answer: Tensor = net(torch.full((1, 3, SIDE, SIDE), 128.0))
    assert answer.shape == (1, len(UNITS))
