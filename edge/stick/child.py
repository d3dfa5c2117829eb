"""The child's main: opens the stick, answers picture after picture, ends with its parent.

Started as `python -m edge.stick.child ORDER`. It says over its socket, one message each, in JSON:
{"found": true} once the runtime lists the device, {"ready": description, "device": name} once the
net is loaded, {"answered": n} for every picture, {"error": sentence} before it ends by itself.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import signal
import socket
import sys
from pathlib import Path

from edge.backends import runtimes
from edge.backends.base import Backend
from edge.errors import FacecueError
from edge.model_folder import open_folder
from edge.stick.order import MOST_BYTES, Order
from edge.stick.shared import Slots

PR_SET_PDEATHSIG = 1


def main(text: str) -> int:
    """Returns the exit status: 0 when the parent has closed its end, 1 when the stick has failed."""
    order = Order.of(text)
    _end_with(order.parent)
    # A memory image after a crash would hold a picture.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    control = socket.socket(fileno=order.control)
    try:
        backend = _open(order, control)
        _say(control, ready=backend.description, device=backend.device)
        _serve(control, backend, Slots(order.side, order.units, order.slots))
        backend.close()
    except FacecueError as error:
        _say(control, error=str(error)[: MOST_BYTES // 8])
        return 1
    except ConnectionError:  # the parent is gone while it was told something
        return 1
    return 0


def _open(order: Order, control: socket.socket) -> Backend:
    runtime = runtimes.find(order.runtime)
    kind = order.device.partition(".")[0]
    if any(device.startswith(kind) for device in runtime.devices()):
        _say(control, found=True)
    # Opened though it is not listed: a stick that changes its USB address is not, for a moment.
    folder = open_folder(Path(order.folder), order.precision, runtime.accepted(order.device))
    return runtime.open(folder, order.device)


def _serve(control: socket.socket, backend: Backend, slots: Slots) -> None:
    while request := control.recv(MOST_BYTES):
        slots.answer[...] = backend.infer(slots.image)
        _say(control, answered=json.loads(request)["infer"])


def _say(control: socket.socket, **message: object) -> None:
    control.send(json.dumps(message).encode())


def _end_with(parent: int) -> None:
    """Be killed when the parent dies, however: a child that lives on would block the stick.

    The kernel sends the signal when the thread that started this process ends.
    """
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main(sys.argv[1]))
