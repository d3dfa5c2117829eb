"""The self-check as a whole: what came of it, in a sentence for the ear, whatever happened."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from edge import golden_check, wiring
from edge.apart import Crashed, Hung, apart
from edge.errors import FacecueError, ModelError
from edge.golden_check import GoldenResult
from edge.settings import ModelSettings

PASSED, FAILED, NOT_TRIED = 0, 1, 2
"""Exit statuses: right; the device is at fault; there was nothing to try it with."""
MOST_NAMED = 3
MOST_SECONDS = 180.0
"""The large net takes a minute for the golden faces on a Raspberry Pi, and a stick as long to boot."""
STICK = "MYRIAD"
AUTO = "auto"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """What came of a self-check.

    status: PASSED, FAILED or NOT_TRIED. spoken: one or two short sentences, the act that mends it
    last. reason: the error's own sentence, with its path, or "". model, device: what was tried, in
    words, as far as it was found. result: the figures, where there are any. refused: whether the
    device could not even be opened.
    """

    status: int
    spoken: str
    reason: str = ""
    model: str = ""
    device: str = ""
    result: GoldenResult | None = None
    refused: bool = False


def examine(
    settings: ModelSettings, sticks: Callable[[], Sequence[object]], most_seconds: float = MOST_SECONDS
) -> Outcome:
    """Run the golden faces on the device that the settings mean; never raises, never hangs.

    sticks: looks which sticks are plugged in; called also while the net runs. most_seconds: a driver
    that has not come back by then is left behind.
    """
    if settings.device in (AUTO, "CPU") and not sticks():
        outcome = _examine(settings)
    else:
        try:
            outcome = apart(_examine, settings, most_seconds, sticks)
        except (Hung, Crashed) as error:
            where = spoken_device(settings.device)
            what = "hangs" if isinstance(error, Hung) else "took its driver down"
            advice = _advice(STICK if sticks() else settings.device)
            outcome = Outcome(FAILED, f"self check failed: {where} {what}. {advice}", _words(error))
    return _with_sticks(outcome, settings.device, bool(sticks()))


def _examine(settings: ModelSettings) -> Outcome:
    try:
        folder, device = wiring.loaded(settings, wiring.model(settings), prove=False)
    except ModelError as error:
        return _not_tried("the model cannot be used. Install facecue again", error)
    except Exception as error:  # a runtime may fail in ways nobody has seen yet
        what = f"{spoken_device(settings.device)} cannot be used. {_advice(settings.device)}"
        return replace(_not_tried(what, error), refused=True)
    model = f"{folder.card.name} {folder.card.version}, {folder.precision}"
    try:
        result = golden_check.check(folder, device, meant(settings.device, device.device))
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
    status = PASSED if result.passed else FAILED
    return Outcome(status, _verdict(result), "", model, device.description, result)


def meant(asked: str, opened: str) -> str:
    """How the name of the device begins that is to answer every golden face.

    asked: the setting. opened: the name the backend gave itself. With "auto" a stick is meant where
    one was opened, and else nothing in particular: falling back is what auto is for.
    """
    if asked != AUTO:
        return asked.split(".")[0]
    return STICK if opened.startswith(STICK) else ""


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
        if result.on(result.meant):
            what = f"{wanted} stopped half-way and {others} went on"
        else:
            what = f"{others} answered instead of {wanted}"
        return f"self check failed: {what}. {_advice(result.meant)}"
    where, advice = _listed(names), _advice(names[0])
    if not result.numbers:
        return f"self check failed: {where} answers without numbers. {advice}"
    *before, last = (difference.words for difference in result.differing[:MOST_NAMED])
    worst = f"{', '.join(before)} and {last}" if before else last
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


def _with_sticks(outcome: Outcome, asked: str, plugged_in: bool) -> Outcome:
    """The same, where what is plugged in makes it clearer."""
    result = outcome.result
    if outcome.refused and asked.startswith(STICK) and not plugged_in:
        spoken = "no self check: no stick is plugged in. Plug it in, and repeat the self check"
        return replace(outcome, spoken=spoken)
    if result is not None and result.passed and plugged_in and not result.on(STICK):
        return replace(outcome, spoken=f"{outcome.spoken}. A stick is plugged in but was not used")
    return outcome


def _not_tried(what: str, error: Exception, model: str = "") -> Outcome:
    return Outcome(NOT_TRIED, f"no self check: {what}", _words(error), model)


def _words(error: Exception) -> str:
    words = " ".join(str(error).split())
    return words if isinstance(error, FacecueError) else f"{type(error).__name__}: {words}"
