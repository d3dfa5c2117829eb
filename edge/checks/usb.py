"""Neural Compute Sticks as the kernel lists them in sysfs.

Source: Linux, Documentation/ABI/testing/sysfs-bus-usb and stable/sysfs-bus-usb (idVendor, idProduct,
busnum, devnum, speed in Mbit/s).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from edge.checks.machine import Machine

DEVICES = "/sys/bus/usb/devices"
NODES = "/dev/bus/usb"
VENDOR = "03e7"
WAITING, RUNNING, FIRST_KIND = "2485", "f63b", "2150"
"""A Neural Compute Stick 2 before and after it gets its program; the stick of 2017."""
STATES = {WAITING: "waiting", RUNNING: "running", FIRST_KIND: "of the first kind"}
USB3_MBPS = 5000.0


@dataclass(frozen=True)
class Stick:
    """A stick at a socket. port: "1-1.2". mbps: the speed it was given, or None. node: its device file."""

    port: str
    product: str
    mbps: float | None
    node: Path | None

    @property
    def state(self) -> str:
        """In a word."""
        return STATES.get(self.product, f"of an unknown kind ({self.product})")


def sticks(machine: Machine) -> list[Stick]:
    """Every stick there is at this moment, in the order of their sockets."""
    found = []
    for folder in sorted(machine.path(DEVICES).glob("*")):
        if machine.text(folder / "idVendor").lower() != VENDOR:
            continue
        product = machine.text(folder / "idProduct").lower()
        if product:  # else it has just gone
            found.append(Stick(folder.name, product, _speed(machine, folder), _node(machine, folder)))
    return found


def has_usb3(machine: Machine) -> bool:
    """Whether any socket of this machine is of USB 3: the kernel shows a hub of its own for these."""
    return any((_speed(machine, hub) or 0.0) >= USB3_MBPS for hub in machine.path(DEVICES).glob("usb*"))


@dataclass
class Sightings:
    """What was seen of the sticks while the checks ran: one that waits runs only while the net is tried."""

    machine: Machine
    _running: dict[str, Stick] = field(default_factory=dict)

    def look(self) -> list[Stick]:
        """The sticks at this moment."""
        now = sticks(self.machine)
        self._running.update({stick.port: stick for stick in now if stick.product == RUNNING})
        return now

    @property
    def running(self) -> list[Stick]:
        """Every stick that was seen running at any look."""
        return list(self._running.values())


def _speed(machine: Machine, folder: Path) -> float | None:
    try:
        return float(machine.text(folder / "speed"))  # 1.5 for the slowest
    except ValueError:
        return None


def _node(machine: Machine, folder: Path) -> Path | None:
    bus, device = machine.text(folder / "busnum"), machine.text(folder / "devnum")
    if not (bus.isdecimal() and device.isdecimal()):
        return None
    return machine.path(f"{NODES}/{int(bus):03d}/{int(device):03d}")
