"""A network through OpenVINO 2021.4.2's Myriad X compiler, and the proof that the compiler was asked."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.model_folder import sha256
from export.errors import ExportError
from export.files import put
from export.legacy import ir10
from export.legacy.child import ChildFault, ask, plain
from export.legacy.environment import LegacyEnvironment
from export.legacy.ir10 import Net, Tensor
from export.myriad.controls import CONTROLS, Control
from export.myriad.refusal import EXPECTED, explained, unsupported
from export.myriad.report import MyriadReport as MyriadReport

STAGES = 200
"""Stages a net may have where nothing else is said: VGG16 at 224 pixels has 157, nets with attention
have many hundreds and are slow."""
TYPE = "FP32"
"""Of the numbers that go in and come out: what the runtime gives and takes, whatever is inside."""


@dataclass(frozen=True)
class Compiled:
    """What the compiler did with a net. raised: the plugin's words, None if it raised nothing."""

    raised: str | None
    blob: Path | None


def compile_for_myriad(
    xml: Path,
    legacy: LegacyEnvironment,
    output: Path | None = None,
    budget: int = STAGES,
    proved: str | None = None,
) -> MyriadReport:
    """Compile an IR v10 for Myriad X, and prove that this means something.

    The net is compiled twice and must give the same bytes; CONTROLS are compiled beside it and
    must be refused; depthai's reader must find the net's own tensors in the blob, and no more than
    `budget` stages. output: where the blob is kept. proved: the hash that the blob must have, None
    where no card says. Raises ExportError; then nothing is written.
    """
    begin = time.perf_counter()
    net = ir10.read(xml)
    with tempfile.TemporaryDirectory(prefix="facecue-myriad-") as place:
        folder = Path(place)
        controls = [control.write(folder) for control in CONTROLS]
        # Each waits five seconds for a stick, so they wait together.
        with ThreadPoolExecutor() as pool:
            first, second, *refused = pool.map(
                lambda job: compile_one(legacy, job[1], folder / str(job[0])),
                enumerate([xml, xml, *controls]),
            )
        blobs = [require_compiled(found, xml) for found in (first, second)]
        require_refused(CONTROLS, refused, legacy)
        hashes = [sha256(blob) for blob in blobs]
        if hashes[0] != hashes[1]:
            raise ExportError(
                f"{xml} gave two different blobs in two compilations ({hashes[0][:12]} and "
                f"{hashes[1][:12]}), so what is found of one need not hold for the next: "
                f"remove {legacy.folder} and run 'facecue export setup-legacy'"
            )
        if proved is not None and proved != hashes[0]:
            raise ExportError(
                f"{xml} gives the blob {hashes[0][:12]}, and its card was written for {proved[:12]}: export "
                "the model again"
            )
        read = read_blob(legacy, blobs[0])
        inputs, outputs = (_tensors(read[side]) for side in ("inputs", "outputs"))
        require_blob(xml, net, inputs, outputs, read["stages"], budget)
        size = blobs[0].stat().st_size
        if output is not None:
            try:
                put({blobs[0]: output})
            except OSError as error:
                raise ExportError(f"{output} cannot be written ({error.strerror})") from error
    return MyriadReport(
        network=xml,
        blob_sha256=hashes[0],
        blob_bytes=size,
        stages=read["stages"],
        budget=budget,
        shaves=read["shaves"],
        slices=read["slices"],
        inputs=inputs,
        outputs=outputs,
        refused=tuple(control.what for control in CONTROLS),
        seconds=time.perf_counter() - begin,
        output=output,
    )


def compile_one(legacy: LegacyEnvironment, xml: Path, folder: Path) -> Compiled:
    """Give one net to the compiler. folder: a new one for its files. Raises ExportError."""
    cache, blob = folder / "cache", folder / "model.blob"
    cache.mkdir(parents=True)
    request = {"xml": xml.resolve(), "cache": cache, "blob": blob}
    try:
        answer = ask(legacy.python, "step_compile", request)
    except ChildFault as fault:
        raise ExportError(f"the Myriad X compiler failed on {xml} ({fault})") from fault
    return Compiled(answer["raised"], blob if answer["compiled"] else None)


def require_compiled(found: Compiled, xml: Path) -> Path:
    """The blob, if the plugin compiled the net and then missed nothing but the stick. Raises ExportError."""
    if found.raised is None:
        raise ExportError(
            f"{xml} was loaded onto a Neural Compute Stick, and this check wants none: unplug it, and run "
            "this again"
        )
    if found.raised.strip() != EXPECTED:
        raise ExportError(f"{xml} does not compile for Myriad X: {explained(found.raised)}")
    if found.blob is None:
        raise ExportError(f"{xml} does not compile for Myriad X: no blob came, and no reason either")
    return found.blob


def require_refused(
    controls: Sequence[Control], found: Sequence[Compiled], legacy: LegacyEnvironment
) -> None:
    """Raise ExportError if the compiler takes what Myriad X cannot run: then its word is worth nothing."""
    for control, compiled in zip(controls, found):
        layer = unsupported(compiled.raised or "")
        if layer is None or layer.kind != control.kind or compiled.blob is not None:
            raise ExportError(
                f"the Myriad X compiler did not refuse {control.what}, as it must, so that it compiles "
                f"other nets shows nothing (it said {plain(compiled.raised or 'nothing')!r}): remove "
                f"{legacy.folder} and run 'facecue export setup-legacy'"
            )


def read_blob(legacy: LegacyEnvironment, blob: Path) -> Any:
    """What depthai finds in a blob: counts and tensors. Raises ExportError."""
    try:
        return ask(legacy.python, "step_read_blob", {"blob": blob.resolve()})
    except ChildFault as fault:
        raise ExportError(f"depthai cannot read the compiled blob ({fault})") from fault


def require_blob(
    xml: Path,
    net: Net,
    inputs: Sequence[Tensor],
    outputs: Sequence[Tensor],
    stages: int,
    budget: int,
) -> None:
    """Raise ExportError with everything in which the blob is not what was asked for."""
    faults = [
        f"its {side} are {_told(found)} in the blob, not {_told(wanted)}"
        for side, found, wanted in (
            ("inputs", inputs, _as_fed(net.inputs)),
            ("outputs", outputs, _as_fed(net.outputs)),
        )
        if set(found) != set(wanted)
    ]
    if stages > budget:
        faults.append(
            f"it has {stages} stages, and at most {budget} are allowed: use a smaller net, or fewer "
            "layers that are made of many (attention, layer normalisation)"
        )
    if faults:
        raise ExportError(f"{xml} compiles for Myriad X, but {'; '.join(faults)}")


def _as_fed(tensors: Sequence[Tensor]) -> list[Tensor]:
    return [Tensor(tensor.name, tensor.dims, TYPE) for tensor in tensors]


def _told(tensors: Sequence[Tensor]) -> str:
    return ", ".join(map(str, tensors)) or "none"


def _tensors(found: Any) -> tuple[Tensor, ...]:
    return tuple(Tensor(t["name"], tuple(t["dims"]), t["type"]) for t in found)
