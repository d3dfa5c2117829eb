"""Running a function in a process of its own, which may hang or crash without taking this one along."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

TURN_SECONDS = 0.1
END_SECONDS = 5.0


class Hung(Exception):
    """The function did not come back in time; its process was ended."""


class Crashed(Exception):
    """The process ended without an answer. The message is its exit status; negative: the signal."""


def apart(
    function: Callable[..., Any], argument: object, most_seconds: float, meanwhile: Callable[[], object]
) -> Any:
    """function(argument), in a new process. Raises Hung or Crashed.

    function, argument and the answer are pickled, so the function stands at the top of a module.
    meanwhile: called again and again while it runs.
    """
    # Not forked: a driver's threads would not be there in the copy.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(theirs, function, argument), daemon=True)
    process.start()
    theirs.close()
    until = time.monotonic() + most_seconds
    try:
        while not ours.poll(TURN_SECONDS):
            meanwhile()
            if time.monotonic() > until:
                raise Hung(f"no answer within {most_seconds:g} s")
        return ours.recv()
    except EOFError:
        process.join(END_SECONDS)
        raise Crashed(f"exit status {process.exitcode}") from None
    finally:
        ours.close()
        # Asked to end by the closed pipe at the latest; a device is left in good order that way.
        process.join(0.0 if time.monotonic() > until else END_SECONDS)
        process.kill()
        process.join()
        process.close()


def _answer(pipe: Connection, function: Callable[[Any], Any], argument: object) -> None:
    pipe.send(function(argument))
    pipe.close()
