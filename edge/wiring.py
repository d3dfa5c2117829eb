"""The one place where settings become objects."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from edge import model_choice
from edge.action_units import ActionUnitNet
from edge.backends import runtimes
from edge.backends.base import Backend
from edge.backends.reasons import STICK
from edge.backends.runtimes import Runtime
from edge.braille import BrailleSink
from edge.errors import BackendError, FacecueError, ModelError
from edge.faces import FaceFinder
from edge.haptics import HapticsSink
from edge.model_folder import RELEASED_ROOT, ModelFolder, open_folder
from edge.pipeline import Pipeline
from edge.settings import ModelSettings, Settings
from edge.sinks import OnFault, Sink
from edge.start_check import require_golden
from edge.stick.supervised import SupervisedStick
from edge.stopwatch import Stopwatch
from edge.types import Cue

log = logging.getLogger(__name__)


def model(settings: ModelSettings, root: Path = RELEASED_ROOT) -> ModelFolder:
    """The checked model folder that the settings name, with a network that a runtime here reads.

    root: where the released models lie. Raises ModelError, or BackendError without any runtime.
    """
    reads = [name for r in runtimes.candidates(settings.runtime) for name in r.accepted(settings.device)]
    accepted = tuple(dict.fromkeys(reads))
    if settings.folder:
        path = Path(settings.folder)
    else:
        # A network that is named and not there is the user's to mend.
        wanted = accepted if settings.precision == "auto" else None
        path = model_choice.choose(settings.name, settings.device, root, accepted=wanted)
    return open_folder(path, settings.precision, accepted)


def runtime(settings: ModelSettings, folder: ModelFolder) -> Runtime:
    """What runs the net: the runtime that is named, or the first installed one that reads the folder.

    A runtime that is named is never replaced. Raises BackendError if none reads the network.
    """
    candidates = runtimes.candidates(settings.runtime)
    for candidate in candidates:
        if folder.precision in candidate.accepted(settings.device):
            if candidate is not candidates[0]:
                log.warning(
                    "%s cannot read the %s network of %s: %s is used instead",
                    candidates[0].words,
                    folder.precision,
                    folder.path,
                    candidate.words,
                )
            return candidate
    raise BackendError(
        f"no runtime here reads the {folder.precision} network of {folder.path} for the device "
        f"{settings.device}: set model.runtime, model.device and model.precision to auto"
    )


def backend(settings: ModelSettings, folder: ModelFolder) -> Backend:
    """The device that runs the net."""
    used = runtime(settings, folder)
    made = used.open(folder, settings.device, settings.threads)
    log.info("%s %s on %s by %s", folder.card.name, folder.precision, made.description, used.words)
    return made


def proved(settings: ModelSettings, folder: ModelFolder) -> Backend:
    """As backend(), after it answered golden faces rightly. Raises ModelError where it does not."""
    made = backend(settings, folder)
    try:
        require_golden(folder, made)
    except FacecueError:
        made.close()
        raise
    return made


def loaded(
    settings: ModelSettings,
    folder: ModelFolder,
    prove: bool = True,
    on_fault: OnFault | None = None,
) -> tuple[ModelFolder, Backend]:
    """The net on its device, and the folder with the network that is used.

    Where the settings leave the network open, one that this processor cannot load, or answers wrongly
    with, gives way to the next one that is there, loudly: INT8 is not for every processor. prove: run
    golden faces. on_fault: told of the change, as "network". Raises what the first network led to.
    """
    first: FacecueError | None = None
    for candidate in _networks(settings, folder):
        try:
            made = (proved if prove else backend)(settings, candidate)
        except (BackendError, ModelError) as error:
            first = first or error
            continue
        if first is not None:
            log.warning("%s: the %s network is used instead", first, candidate.precision)
            if on_fault is not None:
                on_fault("network", first)
        return candidate, made
    assert first is not None
    raise first


def _networks(settings: ModelSettings, folder: ModelFolder) -> Iterator[ModelFolder]:
    """The network of the folder, and where the settings leave it open, the others that are there."""
    yield folder
    if settings.precision == "auto":
        reads = [name for r in runtimes.candidates(settings.runtime) for name in r.accepted(settings.device)]
        for name in dict.fromkeys(reads):
            if name != folder.precision:
                with contextlib.suppress(ModelError):
                    yield open_folder(folder.path, name)


def device(
    settings: Settings, folder: ModelFolder, on_fault: OnFault, wait_for_boot: bool = False
) -> tuple[ModelFolder, Backend]:
    """The device of a run, and the network it uses: a stick has a processor beside it, any other is as
    loaded() gives it.

    on_fault, wait_for_boot: as in SupervisedStick. Only where the settings name the stick may they
    also require it: with "auto" the processor does as well.
    """
    wanted, required = settings.model, settings.stick.required
    if wanted.device == "auto":
        wanted, required = replace(wanted, device=_stick_there(wanted, folder) or "CPU"), False
    if not wanted.device.startswith(STICK):
        return loaded(wanted, folder, on_fault=on_fault)
    # With "auto" the folder was opened for the processor, which may read what a stick does not.
    at_stick = model(replace(wanted, name="auto", folder=str(folder.path)))
    used = runtime(wanted, at_stick)
    near = replace(wanted, device="CPU", precision="auto", name="auto", folder=str(folder.path))
    _, processor = loaded(near, model(near), on_fault=on_fault)
    made = SupervisedStick(
        at_stick,
        used.name,
        processor,
        on_fault,
        replace(settings.stick, required=required),
        wanted.device,
        wait_for_boot,
    )
    log.info("%s %s on %s by %s", folder.card.name, at_stick.precision, made.description, used.words)
    return folder, made


def _stick_there(settings: ModelSettings, folder: ModelFolder) -> str:
    """The stick that a runtime here lists and the folder has a network for, or nothing."""
    for candidate in runtimes.candidates(settings.runtime):
        reads = candidate.accepted(STICK)
        listed = [name for name in candidate.devices() if name.startswith(STICK)] if reads else []
        if listed:
            try:
                open_folder(folder.path, settings.precision, reads)
            except ModelError as error:
                log.warning("a stick is there, but the processor is used: %s", error)
            else:
                return listed[0]
    return ""


def found(settings: ModelSettings, device: Backend, live: bool) -> list[str]:
    """What is said after "ready", as keys of the catalogue: the stick, or that there is none, and the camera.

    Nothing is said of a stick where the settings name another device. live: whether pictures come from a
    camera or stream.
    """
    stick = []
    if isinstance(device, SupervisedStick):
        # One that is named and may be absent is told of once it is known to be.
        stick = ["stick_there"] if settings.device == "auto" or device.found else []
    elif settings.device == "auto":
        stick = ["stick_absent"]
    return stick + (["camera_there"] if live else [])


def pipeline(settings: Settings, folder: ModelFolder, device: Backend, stopwatch: Stopwatch) -> Pipeline:
    """Everything between a frame and its cues."""
    return Pipeline(
        FaceFinder(settings.faces),
        ActionUnitNet(device, folder.card),
        folder.emotion_stage,
        settings.cues,
        stopwatch,
    )


def annotator(settings: Settings) -> tuple[FaceFinder, ActionUnitNet, ModelFolder, Backend]:
    """The parts that read single pictures, without anything that remembers."""
    folder, device = loaded(settings.model, model(settings.model))
    return FaceFinder(settings.faces), ActionUnitNet(device, folder.card), folder, device


def touched(settings: Settings) -> list[Sink]:
    """The ways out that are felt rather than heard, those of them that are switched on.

    What they need may be missing at start and be there a minute later, as with a sound card.
    """
    found: list[Sink] = []
    if settings.haptics.pin:
        found.append(LateSink("haptics", lambda: HapticsSink(settings.haptics)))
    if settings.braille.enabled:
        found.append(LateSink("braille", lambda: BrailleSink(settings.braille)))
    return found


class LateSink:
    """A sink that is made when it is first needed, and again while making it fails.

    A sound card or a voice may be missing at start and be there a minute later.
    """

    def __init__(self, name: str, make: Callable[[], Sink]) -> None:
        self.name = name
        self._make = make
        self._made: Sink | None = None

    def deliver(self, cue: Cue) -> None:
        if self._made is None:
            self._made = self._make()
        self._made.deliver(cue)

    def interrupt(self) -> None:
        if self._made is not None:
            self._made.interrupt()

    def close(self) -> None:
        if self._made is not None:
            self._made.close()
