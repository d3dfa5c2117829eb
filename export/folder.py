"""The export: every step, the proof of parity, and only then a model folder."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Collection
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from edge import card as cards
from edge.action_units import ActionUnitNet
from edge.backends.openvino_core import OpenVinoBackend
from edge.card import Card
from edge.emotions import EmotionStage
from edge.model_folder import open_folder, sha256
from export import networks, parity, proof, to_ir
from export import request as requests
from export.errors import ExportError, ParityError
from export.legacy.environment import LegacyEnvironment
from export.myriad.compile import MyriadReport, compile_for_myriad
from export.parity import Difference
from export.proof import Proof
from export.report import Report
from export.request import FILES, ExportRequest
from export.soundness import require_sound
from export.swap import building


def export_model(
    request: ExportRequest,
    output: Path,
    progress: Callable[[str], None],
    legacy: LegacyEnvironment | None = None,
    without: Collection[str] = (),
) -> Report:
    """Write a model folder that the runtime has accepted and that answers as torch does.

    progress: told, in a few words, what begins. legacy: writes, answers and compiles the stick's
    network. without: artefacts to leave out. Raises ExportError if the request or the net cannot be
    exported, ParityError with every difference beyond the tolerances; then nothing is left behind, and
    a folder that stood at `output` is untouched.
    """
    requests.check(request)
    clock = _Clock(progress)
    with building(output) as folder, tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        onnx = Path(scratch) / "model.onnx"
        with clock("soundness"):
            images = proof.inputs(proof.golden(request).crops)
            sound = require_sound(request.net, images, request.large_input)
        with clock("torch to ONNX"):
            warnings = (*sound.warnings, *networks.onnx_of(request, onnx, without))
        for warning in warnings:
            progress(f"note: {warning}")
        for kind in [kind for kind in FILES if kind not in without]:
            with clock(kind):
                networks.write_networks(request, onnx, folder, [kind], legacy, _silent)
        with clock("parity"):
            proved = proof.prove(request, folder, legacy, progress)
        compiled = None
        if legacy is not None and "stick" in proof.present(folder):
            with clock("Myriad X"):
                network = folder / FILES["stick"][0]
                compiled = compile_for_myriad(network, legacy, budget=request.stick_stages)
        with clock("card"):
            write_card(request, folder, proved, compiled)
            differences = {**proved.differences, **through_the_runtime(folder)}
        sizes = {name: (folder / name).stat().st_size for name in _files(folder)}
    return Report(output, clock.seconds, sizes, differences, sound.peak, _at(compiled, output))


def write_card(
    request: ExportRequest, folder: Path, proved: Proof, compiled: MyriadReport | None = None
) -> None:
    """Put everything into a folder that its networks lack: second stage, golden faces, card.

    Raises ExportError if the networks are not those of the proof.
    """
    strangers = [
        name
        for name in {*proof.network_files(folder), *proved.sha256}
        if not (folder / name).is_file() or sha256(folder / name) != proved.sha256.get(name)
    ]
    if strangers:
        raise ExportError(
            f"{folder}: {', '.join(sorted(strangers))} changed since the proof, or was not in it: make the "
            "proof anew with facecue export parity"
        )
    golden = proof.golden(request)
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
    named = [*proved.sha256, Card.emotion_stage, Card.golden]
    hashes = {name: sha256(folder / name) for name in sorted(named)}
    versions = {
        name: 0 if name == "onnx" else to_ir.ir_version(folder / FILES[name][0])
        for name in proof.present(folder)
    }
    measured = {name: difference.rounded() for name, difference in proved.differences.items()}
    shown = proved.for_card()
    if compiled is not None:
        shown["myriad_x"] = {
            "stages": compiled.stages,
            "most_stages": request.stick_stages,
            "blob_sha256": compiled.blob_sha256,
        }
    cards.write(request.card(hashes, versions, measured, shown), folder / "card.json")


def through_the_runtime(path: Path) -> dict[str, Difference]:
    """Each artefact that OpenVINO reads as a device will run it: edge's own loader, pre-processing, backend.

    Raises ParityError with every difference beyond the tolerances.
    """
    found = {}
    beyond = []
    for precision in [name for name in proof.present(path) if name != "onnx"]:
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


def _at(compiled: MyriadReport | None, output: Path) -> MyriadReport | None:
    """The report with the place where the network will stand."""
    return compiled and replace(compiled, network=output / FILES["stick"][0])


def _files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def _silent(_: str) -> None: ...


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
