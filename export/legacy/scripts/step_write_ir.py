"""ONNX -> IR v10 by the model optimizer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

OF_NO_USE = ("---", "Unexpected exception", "Please contact", "Traceback")


def main(request: dict[str, str]) -> dict[str, Any]:
    """onnx: the file. folder: where model.xml and model.bin go. Raises ValueError with its words."""
    done = subprocess.run(  # noqa: S603
        [
            sys.executable,
            str(Path(sys.executable).with_name("mo")),
            *("--input_model", request["onnx"], "--framework", "onnx", "--data_type", "FP16"),
            *("--output_dir", request["folder"], "--model_name", "model", "--silent"),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if done.returncode:
        raise ValueError(_reason(done.stdout))
    return {}


def _reason(said: str) -> str:
    """Its first two complaints: those behind them are about the optimizer itself."""
    lines = [line.partition("ERROR ]")[2].strip() for line in said.splitlines() if "ERROR ]" in line]
    told = [line for line in lines if line and not line.startswith(OF_NO_USE)]
    return " ".join(told[:2]) or (said.strip().splitlines() or ["it said nothing"])[-1]
