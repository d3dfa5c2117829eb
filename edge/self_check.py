"""The self-check as a whole: what came of it, in a sentence for the ear, whatever happened."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge import golden_check, wiring
from edge.backends.base import Backend
from edge.errors import FacecueError, ModelError
from edge.golden_check import GoldenResult
from edge.settings import ModelSettings

PASSED, FAILED, NOT_TRIED = 0, 1, 2
"""Exit statuses: right; the device is at fault; there was nothing to try it with."""
MOST_NAMED = 3
STICK = "MYRIAD"
AUTO = "auto"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """What came of a self-check.

    status: PASSED, FAILED or NOT_TRIED. spoken: one or two short sentences, the act that mends it
    last. reason: the error's own sentence, with its path, or "". model, device: what was tried, in
    words, as far as it was found. result: the figures, where there are any.
    """

    status: int
    spoken: str
    reason: str = ""
    model: str = ""
    device: str = ""
    result: GoldenResult | None = None


def examine(
    settings: ModelSettings,
    sticks: Callable[[], Sequence[object]],
    waking_seconds: float = golden_check.WAKING_SECONDS,
) -> Outcome:
    """Run the golden faces on the device that the settings mean; never raises.

    sticks: looks which sticks are plugged in; called also while the net runs. waking_seconds: how
    long a stick may take to answer.
    """
    try:
        folder = wiring.model(settings)
        device = wiring.backend(settings, folder)
    except ModelError as error:
        return _not_tried("the model cannot be used. Install facecue again", error)
    except Exception as error:  # a runtime may fail in ways nobody has seen yet
        return _not_tried(_unusable(settings.device, bool(sticks())), error)
    model = f"{folder.card.name} {folder.card.version}, {folder.precision}"
    try:
        result = golden_check.check(folder, device, meant(settings.device, device), waking_seconds)
        sticks()
    except ModelError as error:
        return _not_tried("the model cannot be used. Install facecue again", error, model)
    except Exception as error:
        where = spoken_device(device.device)
        spoken = f"self check failed: {where} stopped working. {_advice(device.device)}"
        return Outcome(FAILED, spoken, _words(error), model, device.description)
    finally:
        try:
            device.close()
        except Exception as error:  # the answers are in, and count
            log.warning("%s does not end: %s", device.device, error)
    spoken = _verdict(result)
    if result.passed and sticks() and not any(name.startswith(STICK) for name in result.answered):
        spoken += ". A stick is plugged in but was not used"
    return Outcome(PASSED if result.passed else FAILED, spoken, "", model, device.description, result)


def meant(asked: str, device: Backend) -> str:
    """How the name of the device begins that is to answer every golden face.

    asked: the setting. With "auto" a stick is meant where one was opened, and else nothing in
    particular: falling back is what auto is for.
    """
    if asked != AUTO:
        return asked.split(".")[0]
    # edge.stick's backend calls itself the processor until its stick is ready.
    opened = device.device.startswith(STICK) or hasattr(device, "ready")
    return STICK if opened else ""


def spoken_device(name: str) -> str:
    """A device for the ear: "CPU" -> "the processor"."""
    kind = name.split(".")[0]
    if kind == AUTO:
        return "this device"
    return {STICK: "the stick", "CPU": "the processor", "GPU": "the graphics processor"}.get(kind, kind)


def _verdict(result: GoldenResult) -> str:
    names = sorted(result.answered)
    if result.passed:
        return f"self check passed on {_listed(names)}, {_largest(result.probability)}"
    if not result.device_right:
        wanted = spoken_device(result.meant)
        others = _listed([name for name in names if not name.startswith(result.meant)])
        if any(name.startswith(result.meant) for name in names):
            what = f"{wanted} stopped half-way and {others} went on"
        else:
            what = f"{others} answered instead of {wanted}"
        return f"self check failed: {what}. {_advice(result.meant)}"
    where, advice = _listed(names), _advice(names[0])
    if not result.numbers:
        return f"self check failed: {where} answers without numbers. {advice}"
    worst = " and ".join(d.words for d in result.differing[:MOST_NAMED])
    return f"self check failed: {where} answers wrongly, most of all {worst}. {advice}"


def _largest(difference: float) -> str:
    percent = math.ceil(100 * difference)
    return "largest difference under 1 percent" if percent <= 1 else f"largest difference {percent} percent"


def _listed(names: list[str]) -> str:
    return " and ".join(dict.fromkeys(spoken_device(name) for name in names))


def _advice(name: str) -> str:
    """One act for a person who does not see the screen."""
    kind = name.split(".")[0]
    if kind == STICK:
        return "Unplug the stick, plug it in again, and run facecue doctor"
    if kind in ("CPU", AUTO):
        return "Install facecue again"
    return "Set model.device to CPU"


def _unusable(asked: str, plugged_in: bool) -> str:
    if asked.startswith(STICK) and not plugged_in:
        return "no stick is plugged in. Plug it in, and repeat the self check"
    return f"{spoken_device(asked)} cannot be used. {_advice(asked)}"


def _not_tried(what: str, error: Exception, model: str = "") -> Outcome:
    return Outcome(NOT_TRIED, f"no self check: {what}", _words(error), model)


def _words(error: Exception) -> str:
    words = " ".join(str(error).split())
    return words if isinstance(error, FacecueError) else f"{type(error).__name__}: {words}"
