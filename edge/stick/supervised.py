"""The stick with a processor beside it: whatever happens to the stick, every picture is answered."""

from __future__ import annotations

import logging
import math
import threading
import time

import numpy as np
import numpy.typing as npt

from edge.backends.base import Backend
from edge.errors import StickError
from edge.model_folder import ModelFolder
from edge.settings import StickSettings
from edge.sinks import OnFault
from edge.stick.back_off import BackOff
from edge.stick.process import StickProcess
from edge.stick.proof import prove

log = logging.getLogger(__name__)

NAME = "stick"
"""As which its faults are told: "stick_lost", "stick_found"."""
TURN_SECONDS = 0.1
"""How often its thread looks whether it is to stop."""
CHECK_SECONDS = 1.0
"""How often it looks whether a child that is asked nothing is still there."""
SETTLE_SECONDS = 5.0
CLOSE_SECONDS = 1.3
JOIN_SECONDS = 0.7


class SupervisedStick:
    """A backend that asks the stick while it can, and the processor while it cannot.

    folder: with a network that the runtime reads for the stick. runtime: a name of
    edge.backends.runtimes. processor: answers meanwhile; closed with this. on_fault: told
    ("stick", error) once for every loss and ("stick", None) once it is back, on the thread of
    infer() or on that of this class. wait_for_boot: do not begin with the processor (a replay, which
    is over before a stick has booted). device: what answered last.

    A thread starts the child, proves it with golden faces, and starts another when one is lost,
    after a pause that doubles. infer() waits for the stick no longer than settings.answer_seconds.
    Raises StickError if settings.required and the stick is not there at start.
    """

    def __init__(
        self,
        folder: ModelFolder,
        runtime: str,
        processor: Backend,
        on_fault: OnFault,
        settings: StickSettings,
        device: str = "MYRIAD",
        wait_for_boot: bool = False,
    ) -> None:
        self._folder = folder
        self._runtime = runtime
        self._processor = processor
        self._on_fault = on_fault
        self._settings = settings
        self._name = device
        self._wait_for_boot = wait_for_boot
        self.device = processor.device
        self.description = f"{device}, and {processor.description} while it is not ready"
        # Held for one picture, or for a moment: what infer() asks is not taken away under it.
        self._lock = threading.Lock()
        self._asked: StickProcess | None = None
        self._process: StickProcess | None = None
        self._telling = threading.Lock()
        self._faulty = False
        self._ready_at = math.inf
        self._refusal: Exception | None = None
        self._stopping = threading.Event()
        self._lost = threading.Event()
        self._settled = threading.Event()
        self._thread = threading.Thread(target=self._supervise, name=NAME, daemon=True)
        self._thread.start()
        try:
            if settings.required or wait_for_boot:
                self._settle()
        except BaseException:
            self.close()
            raise

    @property
    def ready(self) -> bool:
        """Whether the next picture goes to the stick."""
        return self._asked is not None

    @property
    def found(self) -> bool:
        """Whether the runtime lists the stick at this moment."""
        process = self._process
        return process is not None and process.found

    def infer(self, image: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        answer = self._of_stick(image)
        if answer is None:
            answer = self._processor.infer(image)
            self.device = self._processor.device
        return answer

    def close(self) -> None:
        """End the child and the thread, and close the processor, within two seconds."""
        self._stopping.set()
        self._lost.set()
        self._thread.join(CLOSE_SECONDS)
        if self._thread.is_alive() and self._process is not None:
            self._process.kill()
            self._thread.join(JOIN_SECONDS)
        self._processor.close()
        if self._thread.is_alive():
            # Killed it is, and the kernel may take its time: no reason to keep the user waiting.
            log.error("the stick's process has not ended yet: unplug the stick and plug it in again")

    def _settle(self) -> None:
        """Wait until it is known whether the stick is there. Raises StickError if it must be and is not."""
        self._settled.wait(self._settings.boot_seconds + SETTLE_SECONDS)
        if self._refusal is not None:
            raise StickError(
                f"{self._refusal}; or set stick.required to false to begin without the stick"
            ) from self._refusal

    def _of_stick(self, image: npt.NDArray[np.float32]) -> npt.NDArray[np.float32] | None:
        with self._lock:
            process = self._asked
            if process is None:
                return None
            try:
                answer = process.infer(image)
                if not np.isfinite(answer).all():
                    raise StickError(f"{process.device} answered with values that are no numbers")
                self.device = process.device
                return answer
            except StickError as error:
                self._asked = None
                reason = error
        self._tell(reason)
        self._lost.set()
        return None

    def _supervise(self) -> None:
        back_off = BackOff(self._settings.retry_seconds, self._settings.retry_most_seconds)
        while not self._stopping.is_set():
            self._ready_at = math.inf
            try:
                self._one_life()
            except Exception as error:  # the thread must live on: the next child may work
                if self._refused(error):
                    return
                self._tell(error)
            self._settled.set()
            if self._stopping.wait(back_off.pause(time.monotonic() - self._ready_at)):
                return

    def _one_life(self) -> None:
        """One child from its start to its end. Raises FacecueError if it fails unasked."""
        process = StickProcess(self._folder, self._runtime, self._name, self._settings.answer_seconds)
        self._process = process
        try:
            if not self._boot(process):
                return
            self._ready_at = time.monotonic()
            self._lost.clear()
            with self._lock:
                self._asked = process
            log.info("%s answers: %s", self._name, process.description)
            self._tell(None)
            self._settled.set()
            while not self._stopping.is_set() and not self._lost.wait(CHECK_SECONDS):
                self._check(process)
        finally:
            with self._lock:
                self._asked = None
            process.close()
            self._process = None

    def _boot(self, process: StickProcess) -> bool:
        """Wait until it answers rightly; False if this is to stop. Raises FacecueError if it does not."""
        deadline = time.monotonic() + self._settings.boot_seconds
        while not process.wait(TURN_SECONDS):
            if self._stopping.is_set():
                return False
            if process.found and not self._wait_for_boot:
                self._settled.set()
            if time.monotonic() > deadline:
                raise StickError(f"{self._name} did not boot within {self._settings.boot_seconds:g} s")
        prove(process, self._folder, deadline - time.monotonic())
        return True

    def _check(self, process: StickProcess) -> None:
        """Notice a child that died while it was asked nothing. Raises StickError."""
        with self._lock:
            if self._asked is process and not process.alive:
                self._asked = None
                raise StickError(process.epitaph())

    def _refused(self, error: Exception) -> bool:
        """Whether this failure at the start is the user's to mend."""
        if not self._settings.required or self._settled.is_set() or self._stopping.is_set():
            return False
        self._refusal = error
        self._settled.set()
        return True

    def _tell(self, error: Exception | None) -> None:
        """Each loss once, however many attempts fail, and each return."""
        with self._telling:
            if self._stopping.is_set():
                return
            if error is not None:
                log.log(logging.INFO if self._faulty else logging.WARNING, "%s: %s", NAME, error)
            if (error is not None) != self._faulty:
                self._faulty = error is not None
                self._on_fault(NAME, error)
