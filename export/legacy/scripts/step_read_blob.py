"""What depthai, a reader of other people, finds in a blob."""

from __future__ import annotations

import importlib
from typing import Any


def main(request: dict[str, str]) -> dict[str, Any]:
    """blob: the file. Answers counts and tensors, dims with the batch first."""
    depthai = importlib.import_module("depthai")
    blob = depthai.OpenVINO.Blob(request["blob"])
    return {
        "shaves": blob.numShaves,
        "slices": blob.numSlices,
        "stages": blob.stageCount,
        "inputs": _tensors(blob.networkInputs),
        "outputs": _tensors(blob.networkOutputs),
    }


def _tensors(found: Any) -> list[dict[str, Any]]:
    # It names the innermost dimension first.
    return [{"name": t.name, "dims": t.dims[::-1], "type": t.dataType.name} for t in found.values()]
