"""The parent's end of one child: start it, feed it, watch it with deadlines, end it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.backends.checked import CheckedBackend
from edge.errors import StickError
from edge.model_folder import ModelFolder
from edge.stick.order import MOST_BYTES, Order
from edge.stick.shared import Slots, anonymous

POLITE_SECONDS = 1.0
"""A child that was asked to end gets this long: a stick that is let go of in good order comes back sooner."""
KILL_SECONDS = 5.0
"""Only the kernel can be slower than that: it waits for the USB port."""
WORD_SECONDS = 0.5
"""From the end of a child's socket to the end of the child."""
LOG_BYTES = 1 << 16
"""More than this of the plugin's own words is not kept."""
PAUSE_SECONDS = 0.005


class StickProcess(CheckedBackend):
    """One child with the net on the stick: a backend that never falls back.

    folder: with a network that the runtime reads for the device. runtime: a name of
    edge.backends.runtimes. answer_seconds: a picture that is not answered by then never will be.
    found: whether the runtime lists the device. ready: whether the net is loaded. Returns at once;
    wait() waits, ask() asks with another deadline than infer(). Each raises StickError with one
    sentence once the child has failed.
    """

    def __init__(
        self, folder: ModelFolder, runtime: str, device: str = "MYRIAD", answer_seconds: float = 2.0
    ) -> None:
        super().__init__(folder)
        self.device, self.description = device, f"{device} in a process of its own"
        self.found = self.ready = False
        self._answer_seconds = answer_seconds
        self._asked = 0
        side, units = folder.card.image_size, len(folder.card.action_units)
        with ExitStack() as stack:
            try:
                self._slots = Slots(side, units)
                stack.callback(self._slots.close)
                self._log = anonymous("facecue-stick-log")
                stack.callback(os.close, self._log)
                self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                stack.callback(self._control.close)
                with theirs:
                    order = Order(
                        folder=str(folder.path.resolve()),
                        precision=folder.precision,
                        runtime=runtime,
                        device=device,
                        side=side,
                        units=units,
                        parent=os.getpid(),
                        control=theirs.fileno(),
                        slots=self._slots.descriptor,
                    )
                    self._process = _start(order, self._log)
            except OSError as error:
                raise StickError(f"the stick's process cannot be started ({error.strerror})") from error
            self._opened = stack.pop_all()

    def wait(self, seconds: float) -> bool:
        """Wait until it is ready, no longer than this; whether it is. Raises StickError if it failed."""
        deadline = time.monotonic() + seconds
        while not self.ready and (message := self._message(deadline)):
            self.found = True
            if "ready" in message:
                self.ready, self.device = True, str(message["device"])
                self.description = f"{message['ready']}, in a process of its own"
        return self.ready

    def ask(self, image: npt.NDArray[np.float32], seconds: float) -> npt.NDArray[np.float32]:
        """float32 [1, 3, S, S] -> float32 [1, K], within so many seconds or not at all."""
        deadline = time.monotonic() + seconds
        self._slots.image[...] = image
        self._asked += 1
        try:
            self._control.send(json.dumps({"infer": self._asked}).encode())
        except OSError as error:
            # What it said before it ended, or why it ended, is the better reason.
            self._message(deadline)
            raise StickError(f"the stick's process does not listen ({error.strerror})") from error
        message = self._message(deadline)
        if message is None:
            raise StickError(f"{self.device} did not answer within {seconds:g} s")
        if message.get("answered") != self._asked:
            raise StickError(f"{self.device} answered something else ({str(message)[:80]})")
        self._tidy_log()
        return np.array(self._slots.answer)

    @property
    def alive(self) -> bool:
        """Whether the child still runs."""
        return self._ending(0.0) is None

    @property
    def pid(self) -> int:
        """The child's process number."""
        return self._process.pid

    def kill(self) -> None:
        """End the child and all its children now, whatever they are doing; close() is to follow."""
        # The group is killed before the child is waited for: after that its number may be another's.
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _answer(self, image: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return self.ask(image, self._answer_seconds)

    def _release(self) -> None:
        """End the child in good order, or by force if it does not end; give everything up.

        Raises StickError if even the kernel cannot end it.
        """
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)
        self._ending(POLITE_SECONDS)
        self.kill()
        try:
            self._process.wait(KILL_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise StickError(
                f"the stick's process {self.pid} cannot be ended: unplug the stick and plug it in again"
            ) from error
        finally:
            self._opened.close()

    def _message(self, deadline: float) -> dict[str, Any] | None:
        """What the child says next, or None after the deadline. Raises StickError if it failed."""
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        while not poll.poll(max(0.0, deadline - time.monotonic()) * 1000.0):
            if time.monotonic() >= deadline:
                return None
        try:
            text = self._control.recv(MOST_BYTES)
        except OSError:
            text = b""
        if not text:
            raise StickError(self.epitaph())
        try:
            message: dict[str, Any] = dict(json.loads(text))
        except ValueError as error:
            raise StickError(f"the stick's process says nonsense ({text[:80]!r})") from error
        if "error" in message:
            raise StickError(str(message["error"]))
        return message

    def _ending(self, seconds: float) -> int | None:
        """How the child ended, as Popen.returncode has it, or None if it still runs after so long."""
        deadline = time.monotonic() + seconds
        while self._process.returncode is None:
            # Left unreaped, so that its process number stays its own until kill().
            found = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if found is not None:
                return found.si_status if found.si_code == os.CLD_EXITED else -found.si_status
            if time.monotonic() >= deadline:
                return None
            time.sleep(PAUSE_SECONDS)
        return self._process.returncode

    def epitaph(self) -> str:
        """How the child ended, with its last words."""
        status = self._ending(WORD_SECONDS)
        if status is None:
            how = "closed its socket"
        elif status < 0:
            how = f"was killed by {signal.Signals(-status).name}"
        else:
            how = f"ended with status {status}"
        words = os.pread(self._log, LOG_BYTES, max(0, os.fstat(self._log).st_size - LOG_BYTES))
        lines = [line.strip() for line in words.decode(errors="replace").splitlines() if line.strip()]
        return f"the stick's process {how}" + (f" ({lines[-1][:200]})" if lines else "")

    def _tidy_log(self) -> None:
        # It is memory, and a device runs for months.
        if os.fstat(self._log).st_size > LOG_BYTES:
            os.ftruncate(self._log, 0)


def _start(order: Order, log: int) -> subprocess.Popen[bytes]:
    package_root = Path(__file__).resolve().parents[2]
    # The process must find the same edge package, wherever this one runs from.
    paths = [str(package_root), *filter(None, [os.environ.get("PYTHONPATH")])]
    # A pipe that nobody reads would stop the plugin, and its words are wanted after a crash.
    output = os.open(f"/proc/self/fd/{log}", os.O_WRONLY | os.O_APPEND)
    try:
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "edge.stick.child", order.text()],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            pass_fds=(order.control, order.slots),
            # Its group can be killed as a whole, and Ctrl-C in the terminal is for the parent.
            start_new_session=True,
        )
    finally:
        os.close(output)
