# ruff: noqa: E402 - without the export extra this module is skipped before its imports
from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the export extra")
pytest.importorskip("nncf", reason="needs the export extra")

from tiny_net import SIDE, UNITS, TinyNet, crops, request

from edge import card as cards
from edge import golden_check
from edge.action_units import ActionUnitNet
from edge.backends.openvino_core import OpenVinoBackend
from edge.card import Tolerance
from edge.errors import ModelError
from edge.model_folder import open_folder, sha256
from export.errors import ExportError, ParityError
from export.folder import export_model
from export.report import Report
from export.request import ExportRequest

pytestmark = pytest.mark.heavy

Exported = tuple[Path, Report, list[str]]
"""The folder, the report, and what was told meanwhile."""


def hashes(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): sha256(p) for p in sorted(folder.rglob("*")) if p.is_file()}


def silent(_: str) -> None: ...


def export(made: ExportRequest, folder: Path, told: Callable[[str], None] = silent) -> Report:
    """Without the stick's network, for which test_whole_export.py brings the older OpenVINO."""
    return export_model(made, folder, told, without=["stick"])


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    folder = tmp_path_factory.mktemp("export") / "tiny"
    said: list[str] = []
    return folder, export(request(), folder, said.append), said


@pytest.fixture
def copied(exported: Exported, tmp_path: Path) -> Path:
    """A folder of its own to be damaged."""
    folder = tmp_path / "tiny"
    for name in hashes(exported[0]):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((exported[0] / name).read_bytes())
    return folder


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_the_runtime_answers_as_torch_does(exported: Exported, precision: str) -> None:
    made = request()
    folder = open_folder(exported[0], precision)
    backend = OpenVinoBackend(folder, "CPU")
    net = ActionUnitNet(backend, folder.card)
    unseen = next(crops(1, seed=99))

    ours = net.of_crop(unseen)
    with torch.no_grad():
        image = np.broadcast_to(unseen.astype(np.float32), (1, 3, SIDE, SIDE)).copy()
        theirs = made.net(torch.from_numpy(image)).numpy()[0]

    assert np.abs(ours - theirs).max() < (0.02 if precision == "fp16" else 0.5)
    assert golden_check.check(folder, backend).passed
    backend.close()


def test_the_golden_answers_are_not_all_alike(exported: Exported) -> None:
    golden = open_folder(exported[0]).golden()
    assert golden.crops.shape == (12, SIDE, SIDE)
    assert golden.logits.std(axis=0).min() > 0.05  # else every comparison here would be empty
    np.testing.assert_allclose(golden.emotions.sum(axis=1), 1.0, atol=1e-5)


def test_the_folder_holds_what_the_card_says(exported: Exported) -> None:
    folder = exported[0]
    card = cards.read(folder / "card.json")
    found = hashes(folder)
    assert list(card.artefacts) == ["int8", "fp16", "onnx"]
    assert card.artefacts["onnx"].weights == ""
    assert card.action_units == UNITS
    assert card.artefacts["fp16"].ir_version == 11
    assert dict(card.sha256) == {name: value for name, value in found.items() if name != "card.json"}
    assert set(found) == {
        "card.json",
        "emotions.npz",
        "golden.npz",
        "int8/model.bin",
        "int8/model.xml",
        "model.bin",
        "model.onnx",
        "model.xml",
    }
    assert set(card.measured) == {"FP16 emulation", "OpenVINO FP32", "onnx", "fp16", "int8"}
    assert card.measured["OpenVINO FP32"]["probability"] < 1e-4
    assert card.proof["versions"]["torch"] == torch.__version__.partition("+")[0]
    assert card.proof["int8"] == {"crops": 40, "before": {}, "after": {}, "in_fp16": []}
    assert next(iter(card.proof["largest_activations"].values())) == pytest.approx(10, rel=0.5)
    assert 0 < card.measured["int8"]["probability"] <= 0.1
    assert [p.name for p in folder.parent.iterdir()] == ["tiny"]


def test_int8_is_int8(exported: Exported) -> None:
    text = (exported[0] / "int8" / "model.xml").read_text()
    assert "FakeQuantize" in text
    assert 'element_type="i8"' in text
    assert "FakeQuantize" not in (exported[0] / "model.xml").read_text()


def test_the_report_has_steps_sizes_and_differences(exported: Exported) -> None:
    folder, report, said = exported
    assert set(report.differences) == {
        *(
            "FP16 emulation",
            "OpenVINO FP32",
            "onnx",
            "fp16",
            "int8",
            "fp16 in the runtime",
            "int8 in the runtime",
        )
    }
    assert report.sizes["model.bin"] == (folder / "model.bin").stat().st_size
    assert list(report.seconds) == ["soundness", "torch to ONNX", "int8", "fp16", "onnx", "parity", "card"]
    assert [step for step in said if step in report.seconds] == list(report.seconds)
    table = report.table()
    assert "int8/model.bin" in table
    assert f"{report.differences['int8'].probability:.5f}" in table


def test_two_exports_are_equal_byte_for_byte(exported: Exported, tmp_path: Path) -> None:
    export(request(), tmp_path / "elsewhere" / "under another name")
    assert hashes(tmp_path / "elsewhere" / "under another name") == hashes(exported[0])


def refused(output: Path, error: type[Exception], match: str, **changes: object) -> None:
    before = hashes(output) if output.exists() else None
    with pytest.raises(error, match=match):
        export(request(**changes), output)
    assert (hashes(output) if output.exists() else None) == before
    assert [p.name for p in output.parent.iterdir()] == ([output.name] if before else [])


STRICT = {"fp16": Tolerance(0.01, 0.05, 0.1), "int8": Tolerance(1e-9, 0.1, 0.25)}


def test_int8_beyond_its_tolerance_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    refused(tmp_path / "tiny", ParityError, r"int8 probability .* \(allowed 1e-09\)", tolerances=STRICT)


def test_a_refusal_leaves_the_folder_that_was_there(copied: Path) -> None:
    refused(copied, ParityError, "int8 probability", tolerances=STRICT)
    open_folder(copied)


def test_activations_beyond_fp16_are_refused_by_name_of_the_layer(tmp_path: Path) -> None:
    torch.manual_seed(7)
    refused(tmp_path / "tiny", ExportError, r"beyond it in .*layers\.0 \(", net=TinyNet(gain=1e6).eval())


def test_an_export_takes_the_place_of_the_old_one_and_keeps_what_is_not_the_models(copied: Path) -> None:
    (copied / "notes.md").write_text("mine")
    (copied / "int8" / "old.txt").write_text("mine too")
    export(request(version="2"), copied)
    assert open_folder(copied).card.version == "2"
    assert (copied / "notes.md").read_text() == "mine"
    assert (copied / "int8" / "old.txt").read_text() == "mine too"
    assert [p.name for p in copied.parent.iterdir()] == ["tiny"]


def test_a_folder_that_is_no_model_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("dear")
    refused(tmp_path / "home", ExportError, "is no model folder and will not be replaced")


@pytest.mark.parametrize("precision", ["fp16", "int8"])
@pytest.mark.parametrize("name", ["model.bin", "model.xml", "emotions.npz", "golden.npz"])
def test_one_flipped_byte_is_refused_by_the_loader(copied: Path, name: str, precision: str) -> None:
    path = copied / ("int8" if precision == "int8" and name.startswith("model") else "") / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(ModelError, match="is damaged"):
        open_folder(copied, precision).golden()


@pytest.mark.parametrize("key", ["action_units", "emotions"])
@pytest.mark.parametrize("sealed", [False, True])
def test_names_in_another_order_are_refused_by_the_loader(copied: Path, key: str, sealed: bool) -> None:
    table = json.loads((copied / "card.json").read_text())
    table[key][0], table[key][1] = table[key][1], table[key][0]
    if sealed:
        del table[cards.SEAL]
        table[cards.SEAL] = cards.seal(table)
    (copied / "card.json").write_text(json.dumps(table))
    reason = f"the {key} of card.json are not those of its net" if sealed else "was changed by hand"
    with pytest.raises(ModelError, match=reason):
        open_folder(copied)


def test_artefacts_that_are_swapped_are_refused_by_the_loader(copied: Path) -> None:
    int8, fp16 = copied / "int8" / "model.bin", copied / "model.bin"
    held = int8.read_bytes()
    int8.write_bytes(fp16.read_bytes())
    fp16.write_bytes(held)
    for precision in ("int8", "fp16"):
        with pytest.raises(ModelError, match="is damaged"):
            open_folder(copied, precision)


def with_stage(change: Callable[[dict[str, np.ndarray]], None]) -> dict[str, np.ndarray]:
    arrays = dict(request().emotion_stage)
    change(arrays)
    return arrays


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"tolerances": {"fp16": Tolerance(1, 1, 1)}}, "tolerances must be given for int8 and fp16"),
        ({"action_units": (*UNITS[:4], "AU99")}, "action unit AU99 is unknown"),
        ({"action_units": UNITS[:4]}, "hidden_weight has the shape"),
        ({"provenance": {"net": object()}}, "no card can be written"),
        ({"golden": []}, "there is no golden crop"),
        ({"golden": [np.zeros((8, 8), np.float32)]}, "a golden crop is not uint8"),
        ({"emotion_stage": {}}, "emotion_stage must hold hidden_weight"),
        (
            {"emotion_stage": with_stage(lambda a: a.update(more=a["output_bias"]))},
            "neutral_average or nothing",
        ),
        (
            {"emotion_stage": with_stage(lambda a: a.update(neutral_gain=np.zeros(5, np.float32)))},
            "must be there both or not at all",
        ),
        ({"emotion_stage": with_stage(lambda a: a.update(output_bias=np.full(8, np.nan)))}, "no numbers"),
        ({"net": torch.nn.Identity().train()}, "training mode"),
        ({"net": torch.nn.Flatten().eval()}, "the net gives float32"),
        ({"calibration": []}, "INT8 needs faces to calibrate on"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused(
    tmp_path: Path, changes: dict[str, object], match: str
) -> None:
    refused(tmp_path / "tiny", ExportError, match, **changes)


NEUTRAL = {
    "neutral_gain": np.linspace(0, 1, len(UNITS), dtype=np.float32),
    "neutral_average": np.full(len(UNITS), -2, np.float32),
}


def test_what_the_stage_knows_of_neutral_faces_is_exported(exported: Exported, tmp_path: Path) -> None:
    export(request(emotion_stage=with_stage(lambda a: a.update(NEUTRAL))), tmp_path / "tiny")
    made, plain = open_folder(tmp_path / "tiny"), open_folder(exported[0])
    # The golden faces are those of people whose neutral is not known.
    np.testing.assert_array_equal(made.golden().emotions, plain.golden().emotions)
    average = made.emotion_stage.neutral_average
    np.testing.assert_array_equal(average, NEUTRAL["neutral_average"])
    assert plain.emotion_stage.neutral_average is None
    logits = made.golden().logits
    wanted = plain.emotion_stage.probabilities(logits - NEUTRAL["neutral_gain"])
    found = made.emotion_stage.probabilities(logits, NEUTRAL["neutral_average"] + np.float32(1.0))
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_every_fault_of_a_request_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ExportError) as caught:
        export(request(golden=[], emotion_stage={}, tolerances={}), tmp_path / "tiny")
    assert all(word in str(caught.value) for word in ("tolerances", "emotion_stage", "golden"))
