"""The Myriad X compiler itself, with no stick: what passes, and what must not."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs the export extra")
pytest.importorskip("onnx", reason="needs the export extra")

import stick_net

from edge.cli import main
from edge.model_folder import sha256
from export.errors import ExportError
from export.legacy.environment import LegacyEnvironment
from export.legacy.ir10 import Tensor
from export.myriad import compile as myriad
from export.myriad.controls import CONTROLS, Control
from export.myriad.report import MyriadReport

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def network(legacy: LegacyEnvironment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("myriad")
    legacy.write_ir10(stick_net.write(folder / "net.onnx"), folder / "model.xml")
    return folder / "model.xml"


@pytest.fixture(scope="module")
def report(
    legacy: LegacyEnvironment, network: Path, tmp_path_factory: pytest.TempPathFactory
) -> MyriadReport:
    blob = tmp_path_factory.mktemp("compiled") / "new folder" / "model.blob"
    return myriad.compile_for_myriad(network, legacy, blob)


def test_the_net_compiles_and_keeps_its_tensors(report: MyriadReport) -> None:
    assert report.inputs == (Tensor("image", (1, 3, stick_net.SIDE, stick_net.SIDE), "FP32"),)
    assert report.outputs == (Tensor("action_unit_logits", (1, stick_net.UNITS), "FP32"),)
    assert 3 <= report.stages <= 30
    assert (report.shaves, report.slices) == (7, 9)
    assert report.refused == ("a net with Abs", "an INT8 net")


def test_the_blob_is_kept_whole_and_alone(report: MyriadReport) -> None:
    assert report.output is not None
    assert sha256(report.output) == report.blob_sha256
    assert report.output.stat().st_size == report.blob_bytes
    assert [path.name for path in report.output.parent.iterdir()] == ["model.blob"]


def test_the_table_claims_no_more_than_was_shown(report: MyriadReport) -> None:
    table = report.table()
    assert "compiles for Myriad X" in table
    assert "runs on" not in table
    assert f"{report.stages} of at most 200" in table
    assert report.blob_sha256 in table


def test_a_net_with_abs_is_refused_by_the_layers_name(legacy: LegacyEnvironment, tmp_path: Path) -> None:
    blob = tmp_path / "out" / "model.blob"
    with pytest.raises(ExportError) as caught:
        myriad.compile_for_myriad(CONTROLS[0].write(tmp_path), legacy, blob)
    told = str(caught.value)
    assert 'the layer "Abs_1" of type Abs does not exist on Myriad X: use ReLU(x) + ReLU(-x) instead' in told
    assert "\n" not in told
    assert not blob.parent.exists()


def test_an_int8_net_is_refused(legacy: LegacyEnvironment, tmp_path: Path) -> None:
    xml = CONTROLS[1].write(tmp_path)
    found = myriad.compile_one(legacy, xml, tmp_path / "work")
    assert found.blob is None
    with pytest.raises(ExportError, match=r'"FakeQuantize_5" of type FakeQuantize .* use the FP16 network'):
        myriad.require_compiled(found, xml)


def test_a_compiler_that_refuses_nothing_shows_nothing(
    legacy: LegacyEnvironment, network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(myriad, "CONTROLS", (Control("Sigmoid", "a net with Sigmoid"),))
    with pytest.raises(ExportError, match="did not refuse a net with Sigmoid, as it must"):
        myriad.compile_for_myriad(network, legacy, tmp_path / "model.blob")
    assert not (tmp_path / "model.blob").exists()


def test_too_many_stages_are_refused(
    network: Path, report: MyriadReport, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blob = tmp_path / "model.blob"
    status = main(["export", "compile", str(network), "--stages", str(report.stages - 1), "-o", str(blob)])

    told = capsys.readouterr().err
    assert status == 2
    assert f"it has {report.stages} stages, and at most {report.stages - 1} are allowed" in told
    assert told.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_machine_without_libusb_takes_the_packages(
    legacy: LegacyEnvironment, network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "libusb-1.0.so.0").write_text("no library")
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    myriad.require_compiled(myriad.compile_one(legacy, network, tmp_path / "work"), network)
