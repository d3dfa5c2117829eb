"""A machine that is not here: sysfs, device files, udev rules and groups, as the kernel lays them out."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from edge.checks.machine import Machine, User

CONTROLLER = "sys/devices/pci0000:00/0000:00:14.0"
GROUPS = {"root": 0, "audio": 29, "video": 44, "plugdev": 46, "users": 100, "ann": 1000}
INTEL_RULES = """\
SUBSYSTEM=="usb", ATTRS{idProduct}=="2150", ATTRS{idVendor}=="03e7", GROUP="users", MODE="0660", ENV{ID_MM_DEVICE_IGNORE}="1"
SUBSYSTEM=="usb", ATTRS{idProduct}=="2485", ATTRS{idVendor}=="03e7", GROUP="users", MODE="0660", ENV{ID_MM_DEVICE_IGNORE}="1"
SUBSYSTEM=="usb", ATTRS{idProduct}=="f63b", ATTRS{idVendor}=="03e7", GROUP="users", MODE="0660", ENV{ID_MM_DEVICE_IGNORE}="1"
"""  # noqa: E501  as Intel ships it
INTEL_FILE = "etc/udev/rules.d/97-myriad-usbboot.rules"
SYSTEM_RULES = """\
# of systemd
SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", MODE="0664"
SUBSYSTEM=="video4linux", GROUP="video"
SUBSYSTEM=="sound", GROUP="audio", \\
  OPTIONS+="static_node=snd/seq", OPTIONS+="static_node=snd/timer"
"""


def user(*groups: str, name: str = "ann", uid: int = 1000) -> User:
    return User(name, uid, frozenset(GROUPS[group] for group in groups))


@dataclass
class FakeMachine:
    """A tree under `root`, changed as a hand at the sockets changes it."""

    root: Path

    def __post_init__(self) -> None:
        self.write("etc/group", "".join(f"{name}:x:{gid}:\n" for name, gid in GROUPS.items()))
        self.write("usr/lib/udev/rules.d/50-udev-default.rules", SYSTEM_RULES)
        (self.root / "lib").symlink_to("usr/lib")
        self.hub(1, "480")
        self.hub(2, "5000")

    def seen_by(self, who: User) -> Machine:
        return Machine(self.root, who)

    def write(self, name: str, text: str, mode: int = 0o644) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    def hub(self, bus: int, speed: str) -> None:
        """A root hub, one for the USB 2 half and one for the USB 3 half of a socket."""
        self._device(f"usb{bus}", bus, 1, speed, "1d6b", "0002" if speed == "480" else "0003", 0o664)

    def plug(
        self,
        port: str = "1-1",
        product: str = "2485",
        speed: str = "480",
        device: int = 5,
        mode: int = 0o664,
        vendor: str = "03e7",
    ) -> Path:
        """Plug a stick in; returns its device file."""
        bus = int(port.partition("-")[0])
        folder = self._device(port, bus, device, speed, vendor, product, mode)
        interface = folder / f"{port}:1.0"
        interface.mkdir()
        (interface / "bInterfaceClass").write_text("ff\n")
        self._link(interface)
        return self.root / f"dev/bus/usb/{bus:03d}/{device:03d}"

    def unplug(self, port: str) -> None:
        for link in (self.root / "sys/bus/usb/devices").glob(f"{port}*"):
            shutil.rmtree(link.resolve(), ignore_errors=True)
            link.unlink()

    def _device(
        self, port: str, bus: int, number: int, speed: str, vendor: str, product: str, mode: int
    ) -> Path:
        parent = f"{CONTROLLER}/usb{bus}"
        folder = self.root / (parent if port.startswith("usb") else f"{parent}/{port}")
        folder.mkdir(parents=True, exist_ok=True)
        attributes = {
            "idVendor": vendor,
            "idProduct": product,
            "busnum": str(bus),
            "devnum": str(number),
            "speed": speed,
            "bDeviceClass": "00",
            "manufacturer": "Movidius Ltd.",
        }
        for name, value in attributes.items():
            (folder / name).write_text(f"{value}\n")
        self._link(folder)
        self.write(f"dev/bus/usb/{bus:03d}/{number:03d}", "", mode)
        return folder

    def _link(self, folder: Path) -> None:
        links = self.root / "sys/bus/usb/devices"
        links.mkdir(parents=True, exist_ok=True)
        if not (links / folder.name).is_symlink():
            (links / folder.name).symlink_to(os.path.relpath(folder, links))
