"""Which of the released models is used where the settings name no folder."""

from __future__ import annotations

import logging
import os
import platform
from pathlib import Path

from edge import card as cards
from edge.errors import ModelError
from edge.model_folder import RELEASED, RELEASED_ROOT, installed, present, released

AUTO = "auto"
LARGE, SMALL = RELEASED, "small-au"
STICK = "MYRIAD"
ARM = ("aarch64", "arm")
"""How the names of processors begin for which the large net is too slow: those of a Raspberry Pi."""

log = logging.getLogger(__name__)


def choose(
    name: str,
    device: str,
    root: Path = RELEASED_ROOT,
    machine: str | None = None,
    accepted: tuple[str, ...] | None = None,
) -> Path:
    """The folder of the released model of this name, or of the one that suits the device.

    name: a released model, or "auto", which takes the other one and says so where the one that
    suits is not installed, or has none of the accepted networks; a model that is named is never
    replaced. device: as in model.device. root: where the released models lie. machine: the
    processor's kind, as platform.machine() has it. accepted: as in model_folder.open_folder.
    Raises ModelError with the names there are.
    """
    if name != AUTO:
        return released(name, root)
    wanted = suited(device, platform.machine() if machine is None else machine)
    other = LARGE if wanted == SMALL else SMALL
    if why := why_not(wanted, root):
        if why_not(other, root):
            raise ModelError(why)
        log.warning("the model %s suits this device but is not installed: %s is used", wanted, other)
        wanted = other
    elif accepted is not None and not _reads(accepted, wanted, root) and _reads(accepted, other, root):
        log.warning(
            "the model %s suits this device but has no network that the runtime here reads (%s): %s is used",
            wanted,
            ", ".join(accepted),
            other,
        )
        wanted = other
    return released(wanted, root)


def suited(device: str, machine: str) -> str:
    """The large net on a Neural Compute Stick and on a PC, the small one on an ARM processor."""
    on_arm = machine.lower().startswith(ARM)
    return SMALL if on_arm and not device.startswith(STICK) else LARGE


def why_not(name: str, root: Path = RELEASED_ROOT) -> str:
    """Why there is no released model of this name, or nothing if there is one."""
    try:
        released(name, root)
    except ModelError as error:
        return str(error)
    return ""


def _reads(accepted: tuple[str, ...], name: str, root: Path) -> bool:
    """Whether a model has one of these networks; a damaged one is to be refused, not passed over."""
    if why_not(name, root):
        return False
    try:
        return bool(set(accepted) & set(present(root / name, cards.read(root / name / "card.json"))))
    except ModelError:
        return True


def from_option(text: str, root: Path = RELEASED_ROOT) -> dict[str, str]:
    """What `--model NAME_OR_FOLDER` sets of the section [model].

    A word is a released model before it is a folder: for a folder of the same name write ./NAME.
    """
    word = os.path.basename(text) == text  # noqa: PTH119  Path drops the ./
    if word and (text in (AUTO, *installed(root)) or not os.path.isdir(text)):  # noqa: PTH112
        return {"name": text, "folder": ""}
    return {"name": AUTO, "folder": text}
