"""Makes the model folder `tiny`, which every runtime reads: python tests/edge/backends/make_tiny.py MO

MO: the model optimizer of OpenVINO 2021.4.2, which `facecue export setup-legacy` installs. Needs the
`export` extra. The net is the one of tests/edge/tiny_model.py; it is committed because none of the
older runtimes can make one.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[2])]

import tiny_model  # noqa: E402

from edge import card as cards  # noqa: E402
from edge.backends.telemetry import keep_quiet  # noqa: E402
from edge.card import Artefact, Card  # noqa: E402
from edge.model_folder import sha256  # noqa: E402

FOLDER = HERE / "tiny"


def write_onnx(path: Path) -> None:
    """The net of tiny_model as ONNX, opset 13, weights inside."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    arrays = tiny_model.weights()
    side, cell, count = tiny_model.SIDE, tiny_model.CELL, len(tiny_model.UNITS)
    constants = {
        "middle": np.float32(128.0),
        "spread": np.float32(64.0),
        "matrix": arrays["matrix"],
        "bias": arrays["bias"],
    }
    nodes = [
        helper.make_node("Sub", [Card.input, "middle"], ["centred"]),
        helper.make_node("Div", ["centred", "spread"], ["scaled"]),
        helper.make_node("AveragePool", ["scaled"], ["pooled"], kernel_shape=[cell] * 2, strides=[cell] * 2),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Gemm", ["flat", "matrix", "bias"], [Card.output], name=Card.output),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(Card.input, TensorProto.FLOAT, [1, 3, side, side])],
        [helper.make_tensor_value_info(Card.output, TensorProto.FLOAT, [1, count])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString())


def write_ir10(mo: str, onnx: Path, folder: Path) -> None:
    """IR version 10, FP16, without the paths that the optimizer notes."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [mo, "--input_model", str(onnx), "--model_name", "model", "--data_type", "FP16"]
        subprocess.run([*command, "--output_dir", scratch, "--silent"], check=True, cwd=scratch)
        text = (Path(scratch) / "model.xml").read_text(encoding="utf-8")
        folder.mkdir()
        (folder / "model.xml").write_text(text.partition("\t<meta_data>")[0] + "</net>\n", encoding="utf-8")
        shutil.copy(Path(scratch) / "model.bin", folder / "model.bin")


def write_ir11(onnx: Path, network: Path) -> None:
    """IR version 11, FP16."""
    keep_quiet()
    import openvino

    openvino.save_model(openvino.convert_model(onnx), network, compress_to_fp16=True)


def main(mo: str) -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    tiny_model.build(FOLDER)
    card = cards.read(FOLDER / "card.json")
    write_onnx(FOLDER / "model.onnx")
    write_ir10(mo, FOLDER / "model.onnx", FOLDER / "stick")
    write_ir11(FOLDER / "model.onnx", FOLDER / "model.xml")
    tolerance = tiny_model.TOLERANCE
    artefacts = {
        "fp16": Artefact("model.xml", "model.bin", 11, tolerance),
        "stick": Artefact("stick/model.xml", "stick/model.bin", 10, tolerance),
        "onnx": Artefact("model.onnx", "", 0, tolerance),
    }
    files = [name for artefact in artefacts.values() for name in artefact.files]
    hashes = {name: sha256(FOLDER / name) for name in (*files, card.emotion_stage, card.golden)}
    cards.write(replace(card, artefacts=artefacts, sha256=hashes), FOLDER / "card.json")


if __name__ == "__main__":
    main(sys.argv[1])
