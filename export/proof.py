"""What was measured of exported networks, and of which files: the step between a network and its card."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge import preprocess
from edge.model_folder import Golden, sha256
from export import activations, parity, runners, to_int8
from export.errors import ExportError
from export.legacy.environment import LegacyEnvironment
from export.parity import Difference
from export.request import FILES, ExportRequest
from export.soundness import require_sound

Float32 = npt.NDArray[np.float32]

LEGACY = "2021.4.2"
"""The OpenVINO whose optimizer writes the stick's network, and which answers it too."""
PACKAGES = ("torch", "onnx", "onnxruntime", "openvino", "nncf")


@dataclass(frozen=True)
class Proof:
    """The differences of every network from torch, with what made and answered it.

    sha256: file -> hash; a card is written for these very files. differences: "fp16", "int8", "stick",
    "stick in OpenVINO 2021.4.2", "onnx", "OpenVINO FP32", "FP16 emulation". activations: the layers
    whose numbers grow largest. versions: package -> version. int8: faces and figures of the quantisation.
    """

    sha256: Mapping[str, str]
    differences: Mapping[str, Difference]
    activations: Mapping[str, float]
    versions: Mapping[str, str]
    int8: Mapping[str, Any] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """As JSON."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    def for_card(self) -> dict[str, Any]:
        """What a card keeps beside the differences."""
        return {
            "versions": dict(self.versions),
            "largest_activations": dict(self.activations),
            "int8": dict(self.int8),
        }


def read(path: Path) -> Proof:
    """Raises ExportError if the file is no proof."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        differences = {name: Difference(**d) for name, d in table.pop("differences").items()}
        return Proof(differences=differences, **table)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ExportError(f"{path} is no proof ({error}): make one with facecue export parity") from error


def golden(request: ExportRequest) -> Golden:
    """The golden faces with torch's answers. Raises ExportError if the net does not fit its names."""
    crops = request.golden_crops()
    logits = runners.torch_logits(request.net, inputs(crops))
    wanted = (len(crops), len(request.action_units))
    if logits.shape != wanted or logits.dtype != np.float32:
        raise ExportError(
            f"the net gives {logits.dtype} {logits.shape} for {len(crops)} crops, "
            f"but its {len(request.action_units)} action units ask for float32 {wanted}"
        )
    return Golden(crops, logits, parity.torch_emotions(request.emotion_stage, logits))


def inputs(crops: npt.NDArray[np.uint8]) -> Float32:
    """uint8 [N, S, S] -> float32 [N, 3, S, S], through the device's own pre-processing."""
    return np.stack([preprocess.net_input(crop, crops.shape[1]) for crop in crops])


def prove(
    request: ExportRequest,
    folder: Path,
    legacy: LegacyEnvironment | None,
    progress: Callable[[str], None],
) -> Proof:
    """Compare every network that is in the folder with torch, and torch with itself in FP16.

    legacy: answers the stick's network too; None leaves that out. Raises ExportError where the net
    is not sound (export.soundness), ParityError with every difference beyond the tolerances.
    """
    truth = golden(request)
    images = inputs(truth.crops)
    stage = request.stage()
    sound = require_sound(request.net, images, request.large_input)
    differences: dict[str, Difference] = {}
    tolerances = {}

    def compare(name: str, artefact: str, logits: Float32) -> None:
        differences[name] = parity.compare(logits, truth, stage)
        tolerances[name] = request.tolerance(artefact)

    compare("FP16 emulation", "fp16", activations.fp16_logits(request.net, images))
    for name in present(folder):
        progress(f"parity: {name}")
        network = folder / FILES[name][0]
        run = runners.onnx_logits if name == "onnx" else runners.ir_logits
        compare(name, name, run(network, images))
        if name == "onnx":
            # OpenVINO reads the same file, whose weights are not rounded.
            compare("OpenVINO FP32", name, runners.ir_logits(network, images))
        if name == "stick" and legacy is not None:
            progress(f"parity: stick in OpenVINO {LEGACY}")
            compare(f"stick in OpenVINO {LEGACY}", name, legacy.logits(network, images))
    parity.require(differences, tolerances, truth, stage)
    return Proof(
        {name: sha256(folder / name) for name in network_files(folder)},
        differences,
        sound.largest,
        versions(folder),
        to_int8.read_quantised(folder / FILES["int8"][0]) if "int8" in present(folder) else {},
    )


def present(folder: Path) -> list[str]:
    """The artefacts whose files are there. Raises ExportError if none is."""
    found = [name for name, files in FILES.items() if all((folder / f).is_file() for f in files if f)]
    if not found:
        raise ExportError(f"{folder} holds no network: make one with facecue export ir")
    return found


def network_files(folder: Path) -> list[str]:
    """The files of the artefacts that are there, relative to the folder."""
    return [file for name in present(folder) for file in FILES[name] if file]


def versions(folder: Path) -> dict[str, str]:
    """What made the networks of the folder."""
    # A build for processors alone ("2.13.0+cpu") is no other version.
    found = {name: version(name).partition("+")[0] for name in PACKAGES}
    if "stick" in present(folder):
        found["OpenVINO for the stick"] = LEGACY
    return found
