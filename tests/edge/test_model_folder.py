"""A model folder is accepted whole, and refused in one sentence that names the file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_model import SIDE, UNITS, change_arrays, change_card, golden_crops, logits_of, rehash

from edge import card as cards
from edge import model_folder
from edge.action_units import ActionUnitNet
from edge.backends.openvino_core import OpenVinoBackend
from edge.errors import BackendError, ModelError
from edge.facs import ACTION_UNITS, EMOTIONS
from edge.model_folder import ModelFolder, open_folder

Table = dict[str, Any]


def refusal(folder: Path, precision: str = "auto") -> str:
    with pytest.raises(ModelError) as caught:
        open_folder(folder, precision)
    return one_sentence(caught.value)


def one_sentence(error: Exception) -> str:
    text = str(error)
    assert "\n" not in text
    assert 20 < len(text) < 400
    return text


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_sound_folder_is_accepted(tiny: ModelFolder, tiny_folder: Path) -> None:
    assert tiny.precision == "fp16"
    assert tiny.card.action_units == tuple(ACTION_UNITS)
    assert tiny.card.emotions == EMOTIONS
    assert tiny.network == tiny_folder / "model.xml"
    assert open_folder(tiny_folder, "fp16").precision == "fp16"
    golden = tiny.golden()
    assert golden.crops.shape == (12, SIDE, SIDE)
    # Answers that are all alike would let every comparison pass.
    assert golden.logits.std(axis=0).min() > 0.2


def test_the_net_answers_as_numpy_does(tiny: ModelFolder, tiny_device: OpenVinoBackend) -> None:
    net = ActionUnitNet(tiny_device, tiny.card)
    colour = np.dstack([golden_crops()[0].repeat(3, axis=0).repeat(3, axis=1)] * 3)
    ours = net.of_crop(colour)
    assert ours.dtype == np.float32
    assert ours.shape == (22,)
    # A processor may run the net in a narrower format than numpy's.
    np.testing.assert_allclose(ours, logits_of(colour), atol=0.05)
    named = net.named(ours)
    assert list(named.scores) == list(UNITS)
    assert [named.active(u) for u in UNITS] == [bool(v >= 0) for v in ours]


@pytest.mark.parametrize("file", ["model.xml", "model.bin", "emotions.npz"])
def test_one_changed_byte_is_refused(damaged_folder: Path, file: str) -> None:
    flip_a_byte(damaged_folder / file)
    assert f"{damaged_folder / file} is damaged" in refusal(damaged_folder)


def test_one_changed_byte_of_the_golden_answers_is_refused(damaged_folder: Path) -> None:
    flip_a_byte(damaged_folder / "golden.npz")
    folder = open_folder(damaged_folder)
    with pytest.raises(ModelError) as caught:
        folder.golden()
    assert f"{damaged_folder / 'golden.npz'} is damaged" in one_sentence(caught.value)


@pytest.mark.parametrize("file", ["emotions.npz", "card.json"])
def test_a_missing_file_is_named(damaged_folder: Path, file: str) -> None:
    (damaged_folder / file).unlink()
    assert str(damaged_folder / file) in refusal(damaged_folder)


def test_a_missing_golden_file_is_named(damaged_folder: Path) -> None:
    (damaged_folder / "golden.npz").unlink()
    with pytest.raises(ModelError, match=r"golden\.npz is missing"):
        open_folder(damaged_folder).golden()


def test_a_file_without_a_hash_is_refused(damaged_folder: Path) -> None:
    change_card(damaged_folder, lambda table: table["sha256"].pop("model.bin"))
    assert "model.bin is damaged" in refusal(damaged_folder)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    assert f"there is no model folder {tmp_path / 'nothing'}" in refusal(tmp_path / "nothing")


@pytest.mark.parametrize("content", ["", "{", "not JSON", "\x00"])
def test_a_card_that_is_no_json_is_refused(damaged_folder: Path, content: str) -> None:
    (damaged_folder / "card.json").write_text(content)
    text = refusal(damaged_folder)
    assert str(damaged_folder / "card.json") in text
    assert "not valid JSON" in text


@pytest.mark.parametrize("content", ["[]", "3", "null", "{}", '"card"'])
def test_json_that_is_no_card_is_refused(damaged_folder: Path, content: str) -> None:
    (damaged_folder / "card.json").write_text(content)
    assert str(damaged_folder / "card.json") in refusal(damaged_folder)


def test_a_card_changed_by_hand_is_refused(damaged_folder: Path) -> None:
    path = damaged_folder / "card.json"
    table = json.loads(path.read_text())
    table["unsure_below"] = 0.0
    path.write_text(json.dumps(table))
    assert f"{path} is damaged or was changed by hand" in refusal(damaged_folder)


SEALED: dict[str, tuple[Callable[[Table], object], str]] = {
    "format": (lambda t: t.update(format=2), "it is of format 2, this program reads format 1"),
    "unit": (lambda t: t["action_units"].__setitem__(0, "AU99"), "action unit AU99 is unknown"),
    "unit twice": (lambda t: t["action_units"].__setitem__(0, "AU02"), "an action unit stands twice"),
    "emotion": (lambda t: t["emotions"].__setitem__(0, "bored"), "emotion bored is unknown"),
    "emotion twice": (lambda t: t["emotions"].append("fear"), "an emotion stands twice"),
    "size": (lambda t: t.update(image_size=4), "image_size 4 is not between 16 and 1024"),
    "size as text": (lambda t: t.update(image_size="32"), "no card that this program can use"),
    "unsure": (lambda t: t.update(unsure_below=1.5), "unsure_below 1.5 is not between 0 and 1"),
    "colour": (lambda t: t.update(colour="rgb"), 'colour "rgb" is not one this program prepares'),
    "no artefact": (lambda t: t.update(artefacts={}), "it names no artefact"),
    "unknown key": (lambda t: t.update(scale=255), "scale"),
    "missing key": (lambda t: t.pop("licence"), "licence"),
    "missing tolerance": (lambda t: t["artefacts"]["fp16"].pop("tolerance"), "tolerance"),
    "artefacts as list": (lambda t: t.update(artefacts=["fp16"]), "no card that this program can use"),
}


@pytest.mark.parametrize("name", SEALED)
def test_a_card_of_another_program_is_refused(damaged_folder: Path, name: str) -> None:
    change, why = SEALED[name]
    change_card(damaged_folder, change)
    text = refusal(damaged_folder)
    assert str(damaged_folder / "card.json") in text
    assert why in text


@pytest.mark.parametrize("key", ["action_units", "emotions"])
def test_names_in_another_order_than_the_weights_are_refused(damaged_folder: Path, key: str) -> None:
    # Both orders are lists of known names: without the check every answer would be the wrong one.
    change_card(damaged_folder, lambda table: table[key].reverse())
    text = refusal(damaged_folder)
    assert f"the {key} of card.json are not those of its net" in text
    assert str(damaged_folder) in text


def test_fewer_units_than_the_weights_are_refused(damaged_folder: Path) -> None:
    change_card(damaged_folder, lambda table: table["action_units"].pop())
    assert "the action_units of card.json" in refusal(damaged_folder)


def test_weights_of_another_shape_are_refused(damaged_folder: Path) -> None:
    change_arrays(damaged_folder, "emotions.npz", output_bias=np.zeros(3, np.float32))
    text = refusal(damaged_folder)
    assert "emotions.npz does not fit the card" in text
    assert "output_bias" in text


def test_a_folder_may_read_a_persons_own_neutral(neutral_folder: Path, tiny: ModelFolder) -> None:
    average = open_folder(neutral_folder).emotion_stage.neutral_average
    assert average is not None
    assert average.tolist() == [-2.0] * len(UNITS)
    assert tiny.emotion_stage.neutral_average is None


def test_half_of_what_a_neutral_needs_is_refused(damaged_folder: Path) -> None:
    change_arrays(damaged_folder, "emotions.npz", neutral_gain=np.zeros(len(UNITS), np.float32))
    assert "neutral_gain and neutral_average must be there both or not at all" in refusal(damaged_folder)


def test_an_emotion_stage_that_is_no_archive_is_refused(damaged_folder: Path) -> None:
    (damaged_folder / "emotions.npz").write_text("not an archive")
    rehash(damaged_folder, "emotions.npz")
    assert "emotions.npz cannot be used" in refusal(damaged_folder)


def test_golden_answers_of_another_shape_are_refused(damaged_folder: Path) -> None:
    change_arrays(damaged_folder, "golden.npz", logits=np.zeros((12, 3), np.float32))
    with pytest.raises(ModelError, match=r"golden\.npz: logits has the shape \(12, 3\)"):
        open_folder(damaged_folder).golden()


@pytest.mark.parametrize("place", ["../outside.npz", "{absolute}"])
def test_a_path_that_leaves_the_folder_is_refused(damaged_folder: Path, place: str) -> None:
    outside = damaged_folder.parent / "outside.npz"
    shutil.copy(damaged_folder / "emotions.npz", outside)
    name = place.format(absolute=outside)
    change_card(
        damaged_folder,
        lambda t: (t.update(emotion_stage=name), t["sha256"].update({name: t["sha256"]["emotions.npz"]})),
    )
    text = refusal(damaged_folder)
    assert name in text
    assert "outside the folder" in text


def test_a_link_that_leaves_the_folder_is_refused(damaged_folder: Path) -> None:
    outside = damaged_folder.parent / "outside.bin"
    (damaged_folder / "model.bin").rename(outside)
    (damaged_folder / "model.bin").symlink_to(outside)
    assert "model.bin, which lies outside the folder" in refusal(damaged_folder)


def test_a_precision_that_the_card_does_not_have_is_refused(tiny_folder: Path) -> None:
    assert "has no int8 network; it has fp16" in refusal(tiny_folder, "int8")


def test_a_precision_that_was_not_built_is_passed_over_only_by_auto(damaged_folder: Path) -> None:
    def add_int8(table: Table) -> None:
        small = {**table["artefacts"]["fp16"], "network": "int8/model.xml", "weights": "int8/model.bin"}
        table["artefacts"] = {"int8": small, **table["artefacts"]}

    change_card(damaged_folder, add_int8)
    assert open_folder(damaged_folder).precision == "fp16"
    text = refusal(damaged_folder, "int8")
    assert str(damaged_folder) in text
    assert "is not there" in text


def test_a_folder_without_any_network_is_refused(damaged_folder: Path) -> None:
    (damaged_folder / "model.bin").unlink()
    assert f"{damaged_folder} holds no network file" in refusal(damaged_folder)


def test_a_released_model_that_is_not_installed_is_named_with_those_that_are(tmp_path: Path) -> None:
    for name in ("small", "large"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "card.json").touch()
    (tmp_path / "no model").mkdir()
    assert model_folder.installed(tmp_path) == ["large", "small"]
    assert model_folder.released("large", tmp_path) == tmp_path / "large"
    for name in ("no model", "no-such-model", "", ".", "small/../large"):
        with pytest.raises(
            ModelError, match=f"the model {name} is not installed at .*; there are large, small"
        ):
            model_folder.released(name, tmp_path)
    with pytest.raises(ModelError, match="there is none: install facecue again"):
        model_folder.released("large", tmp_path / "nowhere")
    assert model_folder.released().is_dir()


def backend_refusal(folder: ModelFolder, device: str = "CPU") -> str:
    with pytest.raises(BackendError) as caught:
        OpenVinoBackend(folder, device)
    return one_sentence(caught.value)


@pytest.mark.parametrize("device", ["GPU.7", "MYRIAD.9", "NOWHERE", "AUTO", "HETERO:GPU,CPU"])
def test_a_device_that_is_not_there_is_never_replaced(tiny: ModelFolder, device: str) -> None:
    assert device in backend_refusal(tiny, device)


def test_a_processor_that_is_not_there_is_never_replaced(tiny: ModelFolder) -> None:
    text = backend_refusal(tiny, "CPU.7")
    assert "CPU.7 cannot load" in text
    assert str(tiny.network) in text


def test_a_device_is_told_by_name_and_in_words(tiny_device: OpenVinoBackend) -> None:
    assert tiny_device.device == "CPU"
    assert tiny_device.description


def test_a_card_whose_image_size_does_not_fit_the_net_is_refused(damaged_folder: Path) -> None:
    change_card(damaged_folder, lambda table: table.update(image_size=48))
    text = backend_refusal(open_folder(damaged_folder))
    assert "model.xml takes (1, 3, 32, 32)" in text
    assert "its card says (1, 3, 48, 48)" in text


def test_a_card_whose_tensor_names_do_not_fit_the_net_is_refused(damaged_folder: Path) -> None:
    change_card(damaged_folder, lambda table: table.update(input="picture"))
    assert str(damaged_folder / "model.xml") in backend_refusal(open_folder(damaged_folder))


def test_a_net_that_openvino_cannot_read_is_refused(damaged_folder: Path) -> None:
    (damaged_folder / "model.xml").write_text("<net/>")
    rehash(damaged_folder, "model.xml")
    assert str(damaged_folder / "model.xml") in backend_refusal(open_folder(damaged_folder))


def test_the_weights_that_were_checked_are_those_that_run(damaged_folder: Path) -> None:
    shutil.copy(damaged_folder / "model.bin", damaged_folder / "weights.bin")
    # Beside the network, where OpenVINO looks by itself, and in no card.
    (damaged_folder / "model.bin").write_bytes(bytes((damaged_folder / "model.bin").stat().st_size))

    def rename(table: Table) -> None:
        table["artefacts"]["fp16"]["weights"] = "weights.bin"
        table["sha256"]["weights.bin"] = table["sha256"].pop("model.bin")

    change_card(damaged_folder, rename)
    folder = open_folder(damaged_folder)
    device = OpenVinoBackend(folder, "CPU")
    try:
        answer = ActionUnitNet(device, folder.card).of_crop(golden_crops()[0])
    finally:
        device.close()
    np.testing.assert_allclose(answer, logits_of(golden_crops()[0]), atol=0.05)


def test_a_card_is_read_as_it_was_written(tiny: ModelFolder, tmp_path: Path) -> None:
    cards.write(tiny.card, tmp_path / "card.json")
    assert cards.read(tmp_path / "card.json") == tiny.card
