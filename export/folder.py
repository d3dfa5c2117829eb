"""The export: every step, the proof of parity, and only then a model folder."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from edge import card as cards
from edge import preprocess
from edge.action_units import ActionUnitNet
from edge.backends.openvino_core import OpenVinoBackend
from edge.card import Card
from edge.emotions import EmotionStage
from edge.model_folder import Golden, open_folder, sha256
from export import activations, parity, runners, to_ir
from export import request as requests
from export.errors import ExportError, ParityError
from export.parity import Difference
from export.report import Report
from export.request import FILES, PRECISIONS, ExportRequest
from export.swap import building
from export.to_int8 import write_int8
from export.to_onnx import write_onnx


def export_model(request: ExportRequest, output: Path, progress: Callable[[str], None]) -> Report:
    """Write a model folder that the runtime has accepted and that answers as torch does.

    progress: told, in a few words, what begins. Raises ExportError if the request or the net
    cannot be exported, ParityError with every difference beyond the tolerances; then nothing is
    left behind, and a folder that stood at `output` is untouched.
    """
    requests.check(request)
    clock = _Clock(progress)
    with building(output) as folder, tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        onnx = Path(scratch) / "model.onnx"
        crops = request.golden_crops()
        images = np.stack([preprocess.net_input(crop, request.image_size) for crop in crops])
        with clock("activations"):
            peak = activations.require_fp16(activations.peaks(request.net, images))
        with clock("torch"):
            golden = _golden(request, crops, images)
        with clock("ONNX"):
            write_onnx(request.net, request.image_size, len(request.action_units), onnx)
        with clock("FP16"):
            to_ir.write_ir(onnx, folder / FILES["fp16"][0])
        with clock("INT8"):
            write_int8(onnx, folder / FILES["int8"][0], request.calibration, request.image_size, progress)
        with clock("parity"):
            differences = _compare(request, onnx, folder, golden, images)
        with clock("runtime"):
            _write_rest(request, folder, golden, differences)
            differences.update(_through_the_runtime(folder))
        sizes = {name: (folder / name).stat().st_size for name in _files(folder)}
    return Report(output, clock.seconds, sizes, differences, peak)


def _golden(request: ExportRequest, crops: Any, images: Any) -> Golden:
    logits = runners.torch_logits(request.net, images)
    wanted = (len(crops), len(request.action_units))
    if logits.shape != wanted or logits.dtype != np.float32:
        raise ExportError(
            f"the net gives {logits.dtype} {logits.shape} for {len(crops)} crops, "
            f"but its {len(request.action_units)} action units ask for float32 {wanted}"
        )
    return Golden(crops, logits, parity.torch_emotions(request.emotion_stage, logits))


def _compare(
    request: ExportRequest, onnx: Path, folder: Path, golden: Golden, images: Any
) -> dict[str, Difference]:
    stage = request.stage()
    answers = {"onnx": runners.onnx_logits(onnx, images)}
    answers.update({p: runners.ir_logits(folder / FILES[p][0], images) for p in PRECISIONS})
    differences = {name: parity.compare(logits, golden, stage) for name, logits in answers.items()}
    # ONNX has full precision: what FP16 may not exceed, it may not either.
    tolerances = {**request.tolerances, "onnx": request.tolerances["fp16"]}
    parity.require(differences, tolerances, golden, stage)
    return differences


def _write_rest(
    request: ExportRequest, folder: Path, golden: Golden, differences: dict[str, Difference]
) -> None:
    # The names stand beside the weights too, where a hash guards their order.
    arrays: dict[str, Any] = {
        "action_units": np.array(request.action_units),
        "emotions": np.array(request.emotions),
        **{
            name: request.emotion_stage[name].astype(np.float32)
            for name in (*EmotionStage.ARRAYS, *EmotionStage.OPTIONAL_ARRAYS)
            if name in request.emotion_stage
        },
    }
    np.savez(folder / Card.emotion_stage, **arrays)
    np.savez(folder / Card.golden, crops=golden.crops, logits=golden.logits, emotions=golden.emotions)
    hashes = {name: sha256(folder / name) for name in _files(folder)}
    versions = {p: to_ir.ir_version(folder / FILES[p][0]) for p in PRECISIONS}
    measured = {name: difference.rounded() for name, difference in differences.items()}
    cards.write(request.card(hashes, versions, measured), folder / "card.json")


def _through_the_runtime(path: Path) -> dict[str, Difference]:
    """Each artefact as a device will run it: edge's own loader, pre-processing and backend."""
    found = {}
    beyond = []
    for precision in PRECISIONS:
        folder = open_folder(path, precision)
        golden = folder.golden()
        backend = OpenVinoBackend(folder, "CPU")
        try:
            net = ActionUnitNet(backend, folder.card)
            logits = np.stack([net.of_crop(crop) for crop in golden.crops])
        finally:
            backend.close()
        name = f"{precision} in the runtime"
        found[name] = parity.compare(logits, golden, folder.emotion_stage)
        beyond += found[name].beyond(name, folder.artefact.tolerance)
    if beyond:
        raise ParityError(beyond)
    return found


def _files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


class _Clock:
    """Announces each step and keeps its duration."""

    def __init__(self, progress: Callable[[str], None]) -> None:
        self.seconds: dict[str, float] = {}
        self._progress = progress

    @contextmanager
    def __call__(self, step: str) -> Any:
        self._progress(step)
        begin = time.perf_counter()
        yield
        self.seconds[step] = time.perf_counter() - begin
