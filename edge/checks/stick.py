"""Which sticks are plugged in, and in which state."""

from __future__ import annotations

from edge.checks.finding import Finding, note, right, wrong
from edge.checks.usb import FIRST_KIND, RUNNING, VENDOR, WAITING, Stick

NAME = "stick"


def check(sticks: list[Stick], needed: bool) -> Finding:
    """needed: whether the settings name the stick (model.device)."""
    if not sticks:
        if needed:
            return wrong(
                NAME,
                "no Neural Compute Stick is plugged in, but model.device is MYRIAD",
                "plug it in, or set model.device to auto",
                "no stick is plugged in",
            )
        return note(NAME, "no Neural Compute Stick is plugged in; the processor does the work")
    usable = [stick for stick in sticks if stick.product in (WAITING, RUNNING)]
    told = ", ".join(f"{stick.state} at socket {stick.port} ({VENDOR}:{stick.product})" for stick in sticks)
    if not usable:
        old = any(stick.product == FIRST_KIND for stick in sticks)
        why = (
            "a stick of the first kind, which no OpenVINO since 2020.4 runs"
            if old
            else "of no kind known here"
        )
        fix = "plug in a Neural Compute Stick 2"
        return (wrong if needed else note)(
            NAME, f"what is plugged in is {why}: {told}", fix, "the wrong stick"
        )
    if len(sticks) > 1:
        return right(NAME, f"{len(sticks)} sticks are plugged in: {told}; facecue uses one of them")
    return right(NAME, f"a Neural Compute Stick is plugged in: {told}")
