"""Whether the user may open the stick's device file as it is now."""

from __future__ import annotations

from edge.checks.finding import Finding, note, right, wrong
from edge.checks.machine import Machine
from edge.checks.usb import Stick

NAME = "permission"


def check(machine: Machine, sticks: list[Stick]) -> Finding:
    """sticks: those plugged in."""
    if not sticks:
        return note(NAME, "no stick is plugged in, so there is no device file to open")
    nodes = [stick.node for stick in sticks if stick.node is not None]
    missing = [node for node in nodes if not node.exists()]
    if missing or not nodes:
        told = ", ".join(machine.shown(node) for node in missing) or "/dev/bus/usb"
        return wrong(
            NAME,
            f"there is no {told}, though the kernel knows the stick (a container must be given /dev/bus/usb)",
            "unplug the stick and plug it in again",
            "the stick cannot be opened",
        )
    user = machine.user.name
    barred = [machine.shown(node) for node in machine.barred(nodes)]
    if barred:
        return wrong(
            NAME,
            f"{user} may not read and write {', '.join(barred)}",
            "unplug the stick and plug it in again; if this stays, mend the udev rule first",
            "no permission for the stick",
        )
    return right(NAME, f"{user} may use {', '.join(machine.shown(node) for node in nodes)}")
