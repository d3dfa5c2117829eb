"""Whatever is wrong with a model folder is found before the first frame, or changes nothing at all."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_model
from tiny_model import change_arrays, change_card, rehash

from edge import card as cards
from edge.backends.openvino_core import OpenVinoBackend
from edge.errors import BackendError, FacecueError, ModelError
from edge.model_folder import ModelFolder, open_folder, present, released
from edge.start_check import require_golden

FLIPS = 24
"""Bytes that are flipped in each file, the first and the last among them."""
OPENVINO = ("int8", "fp16", "stick")


@pytest.fixture(scope="module")
def small_au(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the released small net: the files of its card that are there."""
    source = released("small-au")
    folder = tmp_path_factory.mktemp("released") / "small-au"
    for name in ("card.json", *cards.read(source / "card.json").sha256):
        if (source / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / name, folder / name)
    return folder


def start(path: Path, precision: str = "auto") -> ModelFolder:
    """All that a run does with a model before its first frame."""
    folder = open_folder(path, precision, OPENVINO)
    device = OpenVinoBackend(folder, "CPU", 1)
    try:
        require_golden(folder, device)
    finally:
        device.close()
    return folder


def refusal(path: Path, precision: str = "auto", kind: type[FacecueError] = ModelError) -> str:
    with pytest.raises(kind) as caught:
        start(path, precision)
    text = str(caught.value)
    assert "\n" not in text
    return text


def flipped(path: Path, count: int = FLIPS) -> Iterator[str]:
    """The file with one bit of one byte changed, again and again; in the end as it was."""
    held = path.read_bytes()
    rng = random.Random(path.name)
    places = [0, len(held) - 1, *(rng.randrange(len(held)) for _ in range(count - 2))]
    try:
        for place in places:
            content = bytearray(held)
            content[place] ^= 1 << rng.randrange(8)
            path.write_bytes(content)
            yield f"byte {place} of {path.name}"
    finally:
        path.write_bytes(held)


@pytest.mark.parametrize("model", ["tiny_folder", "small_au"])
def test_a_flipped_byte_in_any_file_is_refused(
    request: pytest.FixtureRequest, tmp_path: Path, model: str
) -> None:
    folder = Path(shutil.copytree(request.getfixturevalue(model), tmp_path / "copy"))
    card = cards.read(folder / "card.json")
    tried = set()
    for precision in present(folder, card):
        for name in (*card.artefacts[precision].files, card.emotion_stage):
            tried.add(name)
            for what in flipped(folder / name):
                with pytest.raises(ModelError, match="is damaged"):
                    open_folder(folder, precision)
                    pytest.fail(what)
        sound = open_folder(folder, precision)
        tried.add(card.golden)
        for what in flipped(folder / card.golden):
            with pytest.raises(ModelError, match="is damaged"):
                sound.golden()
                pytest.fail(what)
    assert tried == {name for name in card.sha256 if (folder / name).is_file()}
    open_folder(folder).golden()


@pytest.mark.parametrize("model", ["tiny_folder", "small_au"])
def test_a_flipped_byte_in_the_card_is_refused_or_says_the_same(
    request: pytest.FixtureRequest, tmp_path: Path, model: str
) -> None:
    folder = Path(shutil.copytree(request.getfixturevalue(model), tmp_path / "copy"))
    before = cards.read(folder / "card.json")
    refused = 0
    for what in flipped(folder / "card.json", 300):
        try:
            assert cards.read(folder / "card.json") == before, what
        except ModelError:
            refused += 1
    # A blank that became another blank is all that may pass.
    assert refused >= 270
    assert cards.read(folder / "card.json") == before


@pytest.mark.parametrize("model", ["tiny_folder", "small_au"])
def test_a_sound_folder_starts_in_the_time_of_a_few_frames(
    request: pytest.FixtureRequest, model: str
) -> None:
    path = request.getfixturevalue(model)
    folder = open_folder(path, "auto", OPENVINO)
    device = OpenVinoBackend(folder, "CPU", 1)
    device.infer(np.zeros((1, 3, folder.card.image_size, folder.card.image_size), np.float32))
    begin = time.process_time()
    require_golden(folder, device)
    assert time.process_time() - begin < 0.5
    device.close()


def swap(names: list[str]) -> None:
    names[0], names[8] = names[8], names[0]


@pytest.mark.parametrize("model", ["tiny_folder", "small_au"])
def test_units_in_another_order_are_refused_though_the_seal_is_right(
    request: pytest.FixtureRequest, tmp_path: Path, model: str
) -> None:
    folder = Path(shutil.copytree(request.getfixturevalue(model), tmp_path / "copy"))
    change_card(folder, lambda table: swap(table["action_units"]))
    assert "the action_units of card.json are not those of its net" in refusal(folder)


@pytest.mark.parametrize("colour", ["bgr", "rgb", "Grey", ""])
def test_another_colour_is_refused_though_the_seal_is_right(damaged_folder: Path, colour: str) -> None:
    change_card(damaged_folder, lambda table: table.update(colour=colour))
    assert f'colour "{colour}" is not one this program prepares (grey)' in refusal(damaged_folder)


@pytest.mark.parametrize("size", [16, 31, 33, 64])
def test_another_size_is_refused_though_the_seal_is_right(damaged_folder: Path, size: int) -> None:
    change_card(damaged_folder, lambda table: table.update(image_size=size))
    text = refusal(damaged_folder, kind=BackendError)
    assert "takes (1, 3, 32, 32)" in text
    assert str(size) in text


@pytest.mark.parametrize("model", ["tiny_folder", "small_au"])
def test_golden_faces_of_another_size_are_refused(
    request: pytest.FixtureRequest, tmp_path: Path, model: str
) -> None:
    folder = Path(shutil.copytree(request.getfixturevalue(model), tmp_path / "copy"))
    with np.load(folder / "golden.npz") as archive:
        smaller = np.ascontiguousarray(archive["crops"][:, ::2, ::2])
    change_arrays(folder, "golden.npz", crops=smaller)
    assert "golden.npz: crops has the shape" in refusal(folder)


def test_the_network_of_another_model_is_refused_though_every_hash_is_right(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = tiny_model.weights
    other = {k: v[..., ::-1].copy() if k in ("matrix", "bias") else v for k, v in sound().items()}
    with monkeypatch.context() as patch:
        patch.setattr(tiny_model, "weights", lambda units=tiny_model.UNITS: other)
        tiny_model.build(tmp_path / "other")
    start(tmp_path / "other")
    folder = Path(shutil.copytree(tiny_folder, tmp_path / "copy"))
    for name in ("model.xml", "model.bin"):
        shutil.copy(tmp_path / "other" / name, folder / name)
        rehash(folder, name)
    text = refusal(folder, "fp16")
    assert "does not give the answers it was released with" in text
    assert "facecue self-check" in text


def test_the_small_net_with_its_input_on_another_scale_is_refused(small_au: Path, tmp_path: Path) -> None:
    """Red and blue exchanged would do no harm: the pictures are grey."""
    folder = Path(shutil.copytree(small_au, tmp_path / "copy"))
    precision = open_folder(folder, "auto", OPENVINO).precision
    network = folder / open_folder(folder, precision).artefact.network
    import openvino
    from openvino import opset13 as ops

    model = openvino.Core().read_model(network)
    image = model.inputs[0]
    readers = list(image.get_target_inputs())
    scaled = ops.multiply(image, ops.constant(np.float32(1 / 255)))
    for reader in readers:
        reader.replace_source_output(scaled.output(0))
    openvino.save_model(model, str(tmp_path / "model.xml"), compress_to_fp16=False)
    for suffix in (".xml", ".bin"):
        name = network.with_suffix(suffix).relative_to(folder).as_posix()
        shutil.copy(tmp_path / f"model{suffix}", folder / name)
        rehash(folder, name)
    assert "does not give the answers it was released with" in refusal(folder, precision)


def test_emotions_of_another_net_are_refused_though_every_hash_is_right(
    damaged_folder: Path,
) -> None:
    with np.load(damaged_folder / "emotions.npz") as archive:
        turned = np.ascontiguousarray(archive["output_weight"][::-1])
    change_arrays(damaged_folder, "emotions.npz", output_weight=turned)
    assert "emotions.npz does not give the emotions it was released with" in refusal(damaged_folder)


def test_a_golden_file_without_a_face_is_refused(damaged_folder: Path) -> None:
    with np.load(damaged_folder / "golden.npz") as archive:
        none: dict[str, Any] = {name: archive[name][:0] for name in archive.files}
    change_arrays(damaged_folder, "golden.npz", **none)
    assert "holds no golden face" in refusal(damaged_folder)


class Silent:
    """A device that answers with nothing."""

    device = "SILENT"
    description = "answers nan"

    def infer(self, image: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.full((1, len(tiny_model.UNITS)), np.nan, np.float32)

    def close(self) -> None:
        """Nothing to give up."""


def test_answers_that_are_no_numbers_are_refused(tiny: ModelFolder) -> None:
    with pytest.raises(ModelError, match="on SILENT does not give the answers"):
        require_golden(tiny, Silent())
