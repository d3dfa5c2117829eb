"""The networks of a released model that the repository does not carry, built from its checkpoint.

`python -m models.build_networks [NAME] [--only ARTEFACT]`
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from edge import card as cards
from edge.errors import FacecueError, ModelError
from edge.model_folder import RELEASED, released, sha256
from export.legacy.environment import LegacyEnvironment
from export.networks import onnx_of, write_networks
from models.exporting import request
from models.networks import deployed

CHECKPOINT = "net.safetensors"


def build(folder: Path, kinds: Sequence[str], progress: Callable[[str], None]) -> list[str]:
    """Write those networks that are not there, if they come out as the card of the folder says.

    Returns the names of those it built. Raises ModelError if one comes out differently: another version
    of torch or OpenVINO writes other bytes, and only those that were proved are used.
    """
    card = cards.read(folder / "card.json")
    unknown = [kind for kind in kinds if kind not in card.artefacts]
    if unknown:
        raise ModelError(f"{folder} has no network {', '.join(unknown)}; it has {', '.join(card.artefacts)}")
    files = {kind: card.artefacts[kind].files for kind in kinds}
    missing = [kind for kind in kinds if not all(_is_whole(folder, name, card) for name in files[kind])]
    if not missing:
        return []
    wanted = request(deployed.load(folder / CHECKPOINT), None)
    legacy = LegacyEnvironment.set_up(progress) if "stick" in missing else None
    with tempfile.TemporaryDirectory(dir=folder) as place:
        scratch = Path(place)
        onnx = scratch / "model.onnx"
        onnx_of(wanted, onnx)
        write_networks(wanted, onnx, scratch, missing, legacy, progress)
        made = [name for kind in missing for name in files[kind]]
        strange = [name for name in made if sha256(scratch / name) != card.sha256[name]]
        if strange:
            raise ModelError(
                f"{', '.join(strange)} of {folder} come out differently from those that were released: "
                "build them with the versions of constraints/test.txt"
            )
        for name in made:
            (folder / name).parent.mkdir(exist_ok=True)
            (scratch / name).replace(folder / name)
    return missing


def _is_whole(folder: Path, name: str, card: cards.Card) -> bool:
    return (folder / name).is_file() and sha256(folder / name) == card.sha256[name]


def main(argv: Sequence[str] | None = None) -> int:
    """Build the named model's networks, all of them or one kind."""
    parser = argparse.ArgumentParser(
        prog="scripts/build-model", description="Builds the networks that the repository does not carry."
    )
    parser.add_argument("name", nargs="?", default=RELEASED, help="released model (default: %(default)s)")
    parser.add_argument(
        "--only", action="append", metavar="NETWORK", help="fp16, stick or onnx (default: all of the card)"
    )
    args = parser.parse_args(argv)
    try:
        folder = released(args.name)
        card = cards.read(folder / "card.json")
        # INT8 is carried: its ranges come from data sets that are not.
        kinds = args.only or [kind for kind in card.artefacts if kind != "int8"]
        built = build(folder, kinds, _tell)
    except FacecueError as error:
        _tell(str(error))
        return 2
    sys.stdout.write(f"{folder}: {'built ' + ', '.join(built) if built else 'nothing was missing'}\n")
    return 0


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
