"""What the command line names: a network by itself, or the one for the stick in a model folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge.errors import ModelError
from edge.model_folder import open_folder
from export.errors import ExportError
from export.myriad.compile import STAGES

ARTEFACT = "stick"


@dataclass(frozen=True)
class Network:
    """A network to be compiled. stages: how many it may have. blob_sha256: what its card says of the
    blob, None where no card does.
    """

    xml: Path
    stages: int = STAGES
    blob_sha256: str | None = None


def network_of(path: Path) -> Network:
    """A network file, or the one of a folder whose files are those of its card. Raises ExportError."""
    if not path.is_dir():
        return Network(path)
    if not (path / "card.json").is_file():
        raise ExportError(f"{path} is no model folder: name the network file itself (.xml)")
    try:
        folder = open_folder(path, ARTEFACT)
    except ModelError as error:
        raise ExportError(str(error)) from error
    proved = folder.card.proof.get("myriad_x", {})
    return Network(folder.network, proved.get("most_stages", STAGES), proved.get("blob_sha256"))
