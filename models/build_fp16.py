"""The FP16 network of a released model, built from its checkpoint: `python -m models.build_fp16 [NAME]`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from edge import card as cards
from edge.errors import FacecueError, ModelError
from edge.model_folder import RELEASED, released, sha256
from export.to_ir import write_ir
from export.to_onnx import write_onnx
from models.networks import deployed

CHECKPOINT = "net.safetensors"


def build(folder: Path) -> None:
    """Write model.xml and model.bin, if they come out as the card of the folder says.

    Raises ModelError if they do not: another version of torch or OpenVINO writes other bytes, and
    only those that were proved are used.
    """
    card = cards.read(folder / "card.json")
    checkpoint = deployed.load(folder / CHECKPOINT)
    artefact = card.artefacts["fp16"]
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        onnx, network = Path(scratch) / "model.onnx", Path(scratch) / artefact.network
        write_onnx(checkpoint.net, card.image_size, len(card.action_units), onnx)
        write_ir(onnx, network)
        made = {artefact.network: network, artefact.weights: network.with_suffix(".bin")}
        for name, path in made.items():
            if sha256(path) != card.sha256[name]:
                raise ModelError(
                    f"{name} comes out differently from the one that was released: build it with the "
                    "versions of constraints/test.txt"
                )
        for name, path in made.items():
            path.replace(folder / name)


def main() -> int:
    """Build the named model, or the default one."""
    name = sys.argv[1] if len(sys.argv) > 1 else RELEASED
    try:
        folder = released(name)
        build(folder)
    except FacecueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{folder}: the FP16 network is built\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
