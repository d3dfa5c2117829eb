# ruff: noqa: E402 - without the export extra this module is skipped before its imports
"""Every step of an export, and the same as one command."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the export extra")
pytest.importorskip("nncf", reason="needs the export extra")

from tiny_net import request

from edge import card as cards
from edge.backends import runtimes
from edge.model_folder import open_folder, sha256
from export import networks, proof
from export.errors import ExportError, Mismatch, ParityError
from export.folder import export_model, through_the_runtime, write_card
from export.legacy.environment import LegacyEnvironment
from export.report import Report
from export.request import FILES

pytestmark = pytest.mark.heavy


def silent(_: str) -> None: ...


def hashes(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): sha256(p) for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def whole(legacy: LegacyEnvironment, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    folder = tmp_path_factory.mktemp("whole") / "tiny"
    return folder, export_model(request(), folder, silent, legacy)


def test_one_command_gives_every_network_with_its_proof(whole: tuple[Path, Report]) -> None:
    folder, report = whole
    card = cards.read(folder / "card.json")
    assert list(card.artefacts) == list(FILES)
    assert {name: a.ir_version for name, a in card.artefacts.items()} == {
        "int8": 11,
        "fp16": 11,
        "stick": 10,
        "onnx": 0,
    }
    assert card.measured["stick in OpenVINO 2021.4.2"]["flipped_share"] == 0.0
    assert card.measured["stick"]["probability"] < 0.005
    assert report.compiled is not None
    assert card.proof["myriad_x"] == {
        "stages": report.compiled.stages,
        "most_stages": 200,
        "blob_sha256": report.compiled.blob_sha256,
    }
    assert "stick/model.xml compiles for Myriad X" in report.table()
    assert str(folder / "stick") in report.table()


@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime"])
def test_each_runtime_here_answers_as_torch_does(whole: tuple[Path, Report], runtime: str) -> None:
    used = runtimes.find(runtime)
    for artefact in used.accepted():
        folder = open_folder(whole[0], artefact)
        golden = folder.golden()
        backend = used.open(folder, "CPU")
        logits = backend.infer(proof.inputs(golden.crops[:1]))
        backend.close()
        assert abs(logits[0] - golden.logits[0]).max() < (0.5 if artefact == "int8" else 0.05)


def test_the_steps_alone_give_the_same_networks(
    whole: tuple[Path, Report], legacy: LegacyEnvironment, tmp_path: Path
) -> None:
    made = request()
    onnx, folder = tmp_path / "work" / "model.onnx", tmp_path / "folder"
    networks.onnx_of(made, onnx)
    networks.write_networks(made, onnx, folder, FILES, legacy, silent)
    proof.prove(made, folder, legacy, silent).write(tmp_path / "proof.json")
    write_card(made, folder, proof.read(tmp_path / "proof.json"))
    through_the_runtime(folder)
    found, wanted = hashes(folder), hashes(whole[0])
    # The steps do not compile: that alone the card says differently.
    assert {n: h for n, h in found.items() if n != "card.json"} == {
        n: h for n, h in wanted.items() if n != "card.json"
    }
    card, other = cards.read(folder / "card.json"), cards.read(whole[0] / "card.json")
    assert replace(other, proof={k: v for k, v in other.proof.items() if k != "myriad_x"}) == card


def test_a_card_is_written_for_the_very_files_that_were_proved(tmp_path: Path) -> None:
    made = request()
    onnx, folder = tmp_path / "model.onnx", tmp_path / "folder"
    networks.onnx_of(made, onnx)
    networks.write_networks(made, onnx, folder, ["fp16"], None, silent)
    proved = proof.prove(made, folder, None, silent)
    networks.write_networks(made, onnx, folder, ["onnx"], None, silent)
    with pytest.raises(ExportError, match=r"model\.onnx changed since the proof, or was not in it"):
        write_card(made, folder, proved)
    (folder / "model.onnx").unlink()
    weights = bytearray((folder / "model.bin").read_bytes())
    weights[0] ^= 1
    (folder / "model.bin").write_bytes(weights)
    with pytest.raises(ExportError, match=r"model\.bin changed since the proof"):
        write_card(made, folder, proved)
    assert not (folder / "card.json").exists()


def test_networks_of_another_net_are_refused_with_every_difference(tmp_path: Path) -> None:
    made = request()
    onnx, folder = tmp_path / "model.onnx", tmp_path / "folder"
    networks.onnx_of(made, onnx)
    networks.write_networks(made, onnx, folder, ["fp16", "onnx"], None, silent)
    torch.manual_seed(8)
    other = request()
    with torch.no_grad():
        for weights in other.net.parameters():
            weights += 0.03 * torch.randn_like(weights)
    with pytest.raises(ParityError) as caught:
        proof.prove(other, folder, None, silent)
    assert {m.artefact for m in caught.value.mismatches} == {"fp16", "onnx", "OpenVINO FP32"}
    assert all(isinstance(m, Mismatch) and m.measured > m.allowed for m in caught.value.mismatches)


def test_without_the_older_openvino_the_stick_is_refused_or_left_out(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"facecue export setup-legacy, or leave that network out"):
        export_model(request(), tmp_path / "tiny", silent)
    assert list(tmp_path.iterdir()) == []


class WithAbs(torch.nn.Module):
    """The tiny net behind a layer that the compiler for the stick does not take."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = request().net

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.inner(image.abs())


def test_a_layer_that_no_stick_takes_is_no_hindrance_elsewhere(tmp_path: Path) -> None:
    made = request(net=WithAbs().eval())
    with pytest.raises(ExportError, match="is Abs"):
        networks.onnx_of(made, tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []
    report = export_model(made, tmp_path / "tiny", silent, without=["stick", "int8"])
    assert report.compiled is None
    assert list(open_folder(tmp_path / "tiny").card.artefacts) == ["fp16", "onnx"]


@pytest.mark.parametrize("content", ["", "[]", "{}", json.dumps({"differences": {}, "other": 1})])
def test_a_file_that_is_no_proof(tmp_path: Path, content: str) -> None:
    (tmp_path / "proof.json").write_text(content)
    with pytest.raises(ExportError, match=r"is no proof .*facecue export parity"):
        proof.read(tmp_path / "proof.json")
