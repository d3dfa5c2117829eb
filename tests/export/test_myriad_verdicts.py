"""What is made of the compiler's words, and of the blob: no compiler is asked here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the export extra")

import tiny_net

from edge import card as cards
from edge.model_folder import sha256
from export.errors import ExportError
from export.legacy import ir10
from export.legacy.environment import LegacyEnvironment
from export.legacy.ir10 import Net, Tensor
from export.myriad import compile as myriad
from export.myriad.compile import Compiled, require_blob, require_compiled, require_refused
from export.myriad.controls import CONTROLS, DIMS
from export.myriad.network import Network, network_of
from export.myriad.refusal import EXPECTED, explained

pytestmark = pytest.mark.heavy

XML = Path("model.xml")
BLOB = Path("model.blob")
LEGACY = LegacyEnvironment(Path("/environment/bin/python"))
ABS = '[ GENERAL_ERROR ] \n/b/frontend.cpp:441 Failed to compile layer "Abs_1": unsupported layer type "Abs"'
QUANTIZED = ABS.replace('"Abs"', '"FakeQuantize"')
IMAGE = Tensor("image", (1, 3, 8, 8), "FP32")
OUT = Tensor("out", (1, 4), "FP32")
NET = Net((Tensor("image", (1, 3, 8, 8), "FP16"),), (Tensor("out", (1, 4), "FP16"),), {})


def test_only_the_expected_words_with_a_blob_will_do() -> None:
    assert require_compiled(Compiled(EXPECTED, BLOB), XML) == BLOB


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (Compiled(None, BLOB), "loaded onto a Neural Compute Stick.*unplug it"),
        (Compiled(EXPECTED, None), "no blob came"),
        (
            Compiled("Can not init Myriad device: NC_ERROR", BLOB),
            'said "Can not init Myriad device: NC_ERROR"',
        ),
        (Compiled(EXPECTED.replace("2480", "2450"), BLOB), "does not compile for Myriad X.*platform 2450"),
        (Compiled(ABS, None), 'the layer "Abs_1" of type Abs does not exist'),
    ],
)
def test_any_other_word_is_a_failure(found: Compiled, told: str) -> None:
    with pytest.raises(ExportError, match=told):
        require_compiled(found, XML)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            "Failed to create plugin /e/libmyriadPlugin.so for device MYRIAD\n"
            "Please, check your environment\n"
            "Cannot load library '/e/libmyriadPlugin.so': libusb-1.0.so.0: cannot open shared object file: "
            "No such file or directory\n",
            "apt-get install libusb-1.0-0' as root",
        ),
        ("[ GENERAL_ERROR ] \n/b/x.cpp:9 Dynamic dimension cannot be resolved", "a fixed size"),
        (
            ABS.replace('"Abs"', '"Frobnicate"'),
            "of type Frobnicate does not exist on Myriad X: use convolution",
        ),
        ("[ GENERAL_ERROR ]  AssertionFailed: _flags[0]", 'said "AssertionFailed: _flags[0]"'),
    ],
)
def test_each_refusal_comes_with_a_remedy(words: str, told: str) -> None:
    said = explained(words)
    assert told in said
    assert "\n" not in said
    assert "/b/" not in said


def test_both_controls_must_be_refused_for_their_own_layer() -> None:
    require_refused(CONTROLS, [Compiled(ABS, None), Compiled(QUANTIZED, None)], LEGACY)


@pytest.mark.parametrize(
    "found",
    [
        [Compiled(EXPECTED, BLOB), Compiled(QUANTIZED, None)],
        [Compiled(ABS, None), Compiled(EXPECTED, BLOB)],
        [Compiled(ABS, None), Compiled(ABS, None)],
        [Compiled(ABS, BLOB), Compiled(QUANTIZED, None)],
        [Compiled(None, None), Compiled(QUANTIZED, None)],
        [Compiled("Can not init Myriad device: NC_ERROR", None)] * 2,
    ],
)
def test_a_control_that_passes_fails_the_check(found: list[Compiled]) -> None:
    with pytest.raises(ExportError, match="shows nothing"):
        require_refused(CONTROLS, found, LEGACY)


def test_a_blob_that_is_what_was_asked_for() -> None:
    require_blob(XML, NET, (IMAGE,), (OUT,), stages=9, budget=9)


@pytest.mark.parametrize(
    "image",
    [
        Tensor("input", IMAGE.dims, "FP32"),
        Tensor("image", (1, 8, 8, 3), "FP32"),
        Tensor("image", IMAGE.dims, "U8F"),
    ],
)
def test_other_names_dims_or_types_in_the_blob_are_refused(image: Tensor) -> None:
    with pytest.raises(ExportError, match=r"its inputs are .* in the blob, not image FP32"):
        require_blob(XML, NET, (image,), (OUT,), stages=9, budget=9)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(ExportError) as caught:
        require_blob(XML, NET, (), (IMAGE,), stages=201, budget=200)
    told = str(caught.value)
    for part in ("its inputs are none", "its outputs are image", "it has 201 stages, and at most 200"):
        assert part in told


def test_the_controls_are_sound_networks_but_for_their_layer(tmp_path: Path) -> None:
    for control in CONTROLS:
        net = ir10.read(control.write(tmp_path))
        assert net.inputs[0].dims == net.outputs[0].dims == DIMS
        assert control.kind in net.layers.values()


def compiles(monkeypatch: pytest.MonkeyPatch, folder: Path, *blobs: bytes) -> Path:
    """A net for a compiler that behaves, and gives these blobs one after the other."""
    left = list(blobs)

    def compile_one(_: LegacyEnvironment, xml: Path, work: Path) -> Compiled:
        if xml.stem in ("Abs", "FakeQuantize"):
            return Compiled({"Abs": ABS, "FakeQuantize": QUANTIZED}[xml.stem], None)
        work.mkdir()
        (work / "model.blob").write_bytes(left.pop())
        return Compiled(EXPECTED, work / "model.blob")

    monkeypatch.setattr(myriad, "compile_one", compile_one)
    (folder / "control").mkdir()
    made = CONTROLS[0].write(folder / "control")
    made.with_suffix(".bin").rename(folder / "model.bin")
    return made.rename(folder / "model.xml")


def test_two_different_blobs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    xml = compiles(monkeypatch, tmp_path, b"one", b"another")
    with pytest.raises(ExportError, match="two different blobs"):
        myriad.compile_for_myriad(xml, LEGACY, tmp_path / "model.blob")
    assert not (tmp_path / "model.blob").exists()


def test_a_blob_that_is_not_the_cards_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    xml = compiles(monkeypatch, tmp_path, b"one", b"one")
    with pytest.raises(ExportError, match=r"gives the blob 7692c3ad3540, and its card was written for 0000"):
        myriad.compile_for_myriad(xml, LEGACY, tmp_path / "model.blob", proved="0" * 64)
    assert not (tmp_path / "model.blob").exists()


def test_a_model_folder_brings_its_budget_and_its_proof(tmp_path: Path) -> None:
    made = tiny_net.request()
    xml = tmp_path / "stick" / "model.xml"
    xml.parent.mkdir()
    CONTROLS[0].write(tmp_path).rename(xml)
    (tmp_path / "Abs.bin").rename(xml.with_suffix(".bin"))
    names = {"action_units": np.array(made.action_units), "emotions": np.array(made.emotions)}
    np.savez(tmp_path / "emotions.npz", **made.emotion_stage, **names)
    files = ("stick/model.xml", "stick/model.bin", "emotions.npz")
    proof = {"myriad_x": {"stages": 20, "most_stages": 30, "blob_sha256": "ab"}}
    hashes = {name: sha256(tmp_path / name) for name in files}
    cards.write(made.card(hashes, {"stick": 10}, {}, proof), tmp_path / "card.json")

    assert network_of(tmp_path) == Network(xml, 30, "ab")

    xml.write_text(xml.read_text() + " ")
    with pytest.raises(ExportError, match="is damaged or is not the file its card was written for"):
        network_of(tmp_path)


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    assert network_of(tmp_path / "model.xml").xml == tmp_path / "model.xml"
    with pytest.raises(ExportError, match=r"is no model folder: name the network file itself"):
        network_of(tmp_path)
