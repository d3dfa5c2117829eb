# ruff: noqa: E402 - without the export extra this module is skipped before its imports
"""The stick's network, written and answered by OpenVINO 2021.4.2 itself."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the export extra")
pytest.importorskip("onnx", reason="needs the export extra")

import stick_net

from edge.model_folder import sha256
from export import runners
from export.errors import ExportError
from export.legacy.environment import LegacyEnvironment
from export.quiet import old_exporter

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def network(legacy: LegacyEnvironment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("legacy")
    xml = folder / "stick" / "model.xml"
    legacy.write_ir10(stick_net.write(folder / "net.onnx"), xml)
    return xml


def test_the_same_net_gives_the_same_bytes_anywhere(
    legacy: LegacyEnvironment, network: Path, tmp_path: Path
) -> None:
    again = tmp_path / "elsewhere" / "another name.xml"
    legacy.write_ir10(stick_net.write(tmp_path / "other.onnx"), again)
    for suffix in (".xml", ".bin"):
        assert sha256(again.with_suffix(suffix)) == sha256(network.with_suffix(suffix))
    assert {path.name for path in again.parent.iterdir()} == {again.name, "another name.bin"}
    text = again.read_text()
    assert 'version="10"' in text
    assert "cli_parameters" not in text
    assert str(Path.home()) not in text


def test_weights_are_half_precision(network: Path) -> None:
    parameters = sum(p.numel() for p in stick_net.net().parameters())
    assert network.with_suffix(".bin").stat().st_size < 2.5 * parameters


def test_it_answers_as_torch_and_the_newest_openvino_do(legacy: LegacyEnvironment, network: Path) -> None:
    images = stick_net.images()
    ours = runners.torch_logits(stick_net.net(), images)
    theirs = legacy.logits(network, images)
    assert theirs.shape == ours.shape
    assert theirs.dtype == np.float32
    assert ours.std(axis=0).min() > 0.05  # else every comparison here would be empty
    assert 0 < np.abs(theirs - ours).max() < 0.01
    assert np.abs(theirs - runners.ir_logits(network, images)).max() < 0.01


def test_an_image_of_another_size_is_refused(legacy: LegacyEnvironment, network: Path) -> None:
    with pytest.raises(ExportError, match=r"it takes \(1, 3, 16, 16\), and an image is \(3, 8, 8\)"):
        legacy.logits(network, np.zeros((1, 3, 8, 8), np.float32))


def test_a_network_without_weights_is_refused(
    legacy: LegacyEnvironment, network: Path, tmp_path: Path
) -> None:
    alone = tmp_path / "model.xml"
    alone.write_bytes(network.read_bytes())
    with pytest.raises(ExportError, match=r"there is no .*model\.bin"):
        legacy.logits(alone, stick_net.images(1))
    alone.with_suffix(".bin").write_bytes(b"short")
    with pytest.raises(ExportError, match=r"OpenVINO 2021\.4\.2 cannot run") as caught:
        legacy.logits(alone, stick_net.images(1))
    assert "\n" not in str(caught.value)


def test_an_open_size_is_refused_and_what_was_there_stays(legacy: LegacyEnvironment, tmp_path: Path) -> None:
    onnx = tmp_path / "net.onnx"
    with torch.no_grad(), old_exporter():
        torch.onnx.export(
            stick_net.net(),
            (torch.zeros(1, 3, 16, 16),),
            str(onnx),
            opset_version=13,
            dynamo=False,
            input_names=["image"],
            output_names=["out"],
            dynamic_axes={"image": {0: "count"}},
        )
    xml = tmp_path / "out" / "model.xml"
    with pytest.raises(ExportError, match=r"not fully defined.*a fixed size for every dimension") as caught:
        legacy.write_ir10(onnx, xml)
    assert "\n" not in str(caught.value)
    assert not xml.parent.exists()


def test_what_is_no_onnx_is_refused(tmp_path: Path) -> None:
    legacy = LegacyEnvironment(Path(sys.executable))
    with pytest.raises(ExportError, match="No such file"):
        legacy.write_ir10(tmp_path / "net.onnx", tmp_path / "model.xml")
    (tmp_path / "net.onnx").write_text("hello")
    with pytest.raises(ExportError, match=r"net\.onnx is no ONNX file"):
        legacy.write_ir10(tmp_path / "net.onnx", tmp_path / "model.xml")
    assert [path.name for path in tmp_path.iterdir()] == ["net.onnx"]


def files(folder: Path) -> Path:
    xml = folder / "model.xml"
    xml.write_text("<net/>")
    xml.with_suffix(".bin").write_bytes(b"")
    return xml


def test_a_damaged_environment_is_told_with_the_remedy(tmp_path: Path) -> None:
    ours = LegacyEnvironment(Path(sys.executable))  # which has no OpenVINO 2021
    with pytest.raises(
        ExportError, match=r"is damaged, No module named .*: remove that folder and run"
    ) as caught:
        ours.logits(files(tmp_path), stick_net.images(1))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("does", "told"),
    [
        ("kill -SEGV $$", "it was ended by SIGSEGV"),
        ("echo 'out of memory' >&2; exit 1", "out of memory"),
        ("exit 0", "it said nothing"),
    ],
)
def test_a_child_that_dies_is_told(tmp_path: Path, does: str, told: str) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{does}\n")
    python.chmod(0o755)
    with pytest.raises(ExportError, match=told):
        LegacyEnvironment(python).logits(files(tmp_path), stick_net.images(1))
