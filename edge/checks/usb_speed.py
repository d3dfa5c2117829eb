"""How fast the stick is connected: 480 Mbit/s is USB 2, 5000 is USB 3."""

from __future__ import annotations

from edge.checks.finding import Finding, note, right, wrong
from edge.checks.machine import Machine
from edge.checks.usb import USB3_MBPS, Sightings, Stick, has_usb3

NAME = "usb speed"
USB2_MBPS = 480.0
SOCKET = (
    "plug it straight into a USB 3 socket, without hub or extension; "
    "on a Raspberry Pi 4 or 5 these are the two in the middle"
)


def check(machine: Machine, seen: Sightings) -> Finding:
    """Judges a stick that runs: while it waits it answers at USB 2 speed in any socket."""
    if not seen.running:
        if not seen.look():
            return note(NAME, "no stick is plugged in, so there is no speed to see")
        return note(
            NAME,
            "the stick waits, and its speed shows only while it runs",
            "run facecue doctor --device MYRIAD",
        )
    slow = [stick for stick in seen.running if stick.mbps is not None and stick.mbps < USB3_MBPS]
    if not slow:
        told = ", ".join(_told(stick) for stick in seen.running)
        return right(NAME, f"the stick runs {told}")
    worst = min(slow, key=lambda stick: stick.mbps or 0.0)
    if worst.mbps is not None and worst.mbps < USB2_MBPS:
        sentence = f"the stick runs {_told(worst)}, which is slower than USB 2"
        return wrong(NAME, sentence, SOCKET, "the stick is connected far too slowly")
    if not has_usb3(machine):
        return note(NAME, f"the stick runs {_told(worst)}; this machine has nothing faster")
    return note(NAME, f"the stick runs {_told(worst)}, so it answers later than it could", SOCKET)


def _told(stick: Stick) -> str:
    if stick.mbps is None:
        return f"at a speed that the kernel does not tell, at socket {stick.port}"
    kind = "USB 3" if stick.mbps >= USB3_MBPS else "USB 2" if stick.mbps >= USB2_MBPS else "USB 1"
    return f"at {kind} speed ({stick.mbps:g} Mbit/s) at socket {stick.port}"
