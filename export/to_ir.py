"""ONNX -> OpenVINO's own format with FP16 weights."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import openvino

from export.errors import ExportError


def read_onnx(path: Path) -> Any:
    """The net of an ONNX file as an openvino.Model in full precision."""
    return openvino.convert_model(str(path))


def write_ir(onnx: Path, xml: Path) -> None:
    """Convert an ONNX file to `xml` and the .bin beside it, weights in FP16."""
    save(read_onnx(onnx), xml)


def save(model: Any, xml: Path) -> None:
    """Write an openvino.Model; what is not quantised is stored in FP16. The same net, the same bytes."""
    xml.parent.mkdir(parents=True, exist_ok=True)
    for position, op in enumerate(model.get_ordered_ops()):
        # OpenVINO numbers nameless layers through the whole life of the process.
        if re.fullmatch(r"[A-Za-z]+_\d+", op.get_friendly_name()):
            op.set_friendly_name(f"{op.get_type_name()}_{position}")
    openvino.save_model(model, str(xml), compress_to_fp16=True)


def ir_version(xml: Path) -> int:
    """The version of the format that a network file is written in. Raises ExportError if it has none."""
    with xml.open(encoding="utf-8") as stream:
        head = stream.read(4096)
    found = re.search(r'<net\s[^>]*version="(\d+)"', head)
    if found is None:
        raise ExportError(f"{xml} is no OpenVINO network: it names no version")
    return int(found.group(1))
