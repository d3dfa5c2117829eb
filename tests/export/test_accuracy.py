# ruff: noqa: E402 - without the export extra this module is skipped before its imports
"""What INT8 costs is counted on labelled faces; the layers that cost too much go back to FP16."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the export extra")
pytest.importorskip("nncf", reason="needs the export extra")

from tiny_net import SIDE, UNITS, crops, request

from export import proof, runners
from export.accuracy import LabelledFaces, lost
from export.errors import ExportError, ParityError
from export.to_int8 import Quantised, read_quantised, write_int8
from export.to_ir import write_ir
from export.to_onnx import write_onnx

pytestmark = pytest.mark.heavy
LAYERS = 3
"""Two convolutions and the head."""


@pytest.fixture(scope="module")
def onnx(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    write_onnx(request().net, SIDE, len(UNITS), path)
    return path


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    return np.stack(list(crops(60, seed=5)))


def judged(faces: np.ndarray, points_per_difference: float) -> LabelledFaces:
    """Faces of which one figure falls with the distance from torch."""
    truth = runners.torch_logits(request().net, proof.inputs(faces))

    def figures(logits: np.ndarray) -> Mapping[str, float]:
        difference = float(np.abs(logits - truth).mean() / truth.std())
        return {"steady": 0.9, "accuracy": 1.0 - points_per_difference * difference}

    return LabelledFaces(faces, figures)


def quantised(onnx: Path, folder: Path, labelled: LabelledFaces | None) -> Quantised:
    return write_int8(onnx, folder / "model.xml", crops(40, seed=2), SIDE, lambda _: None, labelled)


def test_nothing_is_counted_without_labelled_faces(onnx: Path, tmp_path: Path) -> None:
    done = quantised(onnx, tmp_path, None)
    assert (done.crops, dict(done.before), dict(done.after), done.in_fp16) == (40, {}, {}, ())


def test_what_costs_less_than_a_point_stays_in_int8(onnx: Path, tmp_path: Path, faces: np.ndarray) -> None:
    done = quantised(onnx, tmp_path, judged(faces, 0.1))
    assert 0 < done.before["accuracy"] - done.after["accuracy"] < 0.01
    assert done.before["steady"] == done.after["steady"] == 0.9
    assert done.in_fp16 == ()
    assert read_quantised(tmp_path / "model.xml") == done.rounded()


def test_layers_that_cost_a_point_go_back_to_fp16(onnx: Path, tmp_path: Path, faces: np.ndarray) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    quantised(onnx, plain, None)
    labelled = judged(faces, 0.5)
    inputs = proof.inputs(faces)
    assert lost({"accuracy": 1.0}, labelled.figures(runners.ir_logits(plain / "model.xml", inputs))) >= 0.01

    done = quantised(onnx, tmp_path, labelled)

    assert 0 < len(done.in_fp16) <= LAYERS
    found = labelled.figures(runners.ir_logits(tmp_path / "model.xml", inputs))
    assert 1.0 - found["accuracy"] < 0.01
    assert found["accuracy"] == pytest.approx(done.after["accuracy"], abs=2e-3)


def test_a_net_that_loses_too_much_whatever_stays_is_refused(
    onnx: Path, tmp_path: Path, faces: np.ndarray
) -> None:
    labelled = judged(faces, 0.1)
    seen = 0

    def falling(logits: np.ndarray) -> Mapping[str, float]:
        nonlocal seen
        seen += 1
        return {"accuracy": 1.0 if seen == 1 else 0.5}

    with pytest.raises(ParityError, match=r"int8 points lost in accuracy 50 \(allowed 1\)"):
        quantised(onnx, tmp_path, LabelledFaces(labelled.crops, falling))
    assert list(tmp_path.iterdir()) == []


def test_a_network_without_the_note_is_no_int8_of_ours(onnx: Path, tmp_path: Path) -> None:
    write_ir(onnx, tmp_path / "model.xml")
    with pytest.raises(ExportError, match="was not made by facecue export ir"):
        read_quantised(tmp_path / "model.xml")
