"""How the computer itself is: heat, throttling, battery, and what this process takes of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge.sources.picture import natural_order

PROCESSOR_ZONES = ("cpu-thermal", "cpu_thermal", "x86_pkg_temp", "soc-thermal", "soc_thermal", "k10temp")
"""Types of thermal zones that are the processor's; where there is none, the hottest zone counts."""
THROTTLED_FILES = (
    "sys/devices/platform/soc/soc:firmware/get_throttled",
    "sys/devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled",
)
"""Of the Raspberry Pi's firmware; a word of bits in hexadecimal."""
WEAK_POWER, CAPPED, THROTTLED, SOFT_LIMIT = 1, 2, 4, 8
"""Its bits for what holds now. Source: vcgencmd get_throttled."""
PAGE_BYTES = 4096


@dataclass(frozen=True)
class Machine:
    """celsius: of the processor. throttled: it runs slower because of heat or power. weak_power: the supply
    gives too little. battery_percent: 0..100, with `charging`. None: not known here. memory_mb, threads,
    files: of this process.
    """

    celsius: float | None = None
    throttled: bool | None = None
    weak_power: bool | None = None
    battery_percent: int | None = None
    charging: bool | None = None
    memory_mb: float = 0.0
    threads: int = 0
    files: int = 0


def read_machine(root: Path = Path("/")) -> Machine:
    """What the kernel tells at this moment; what it does not tell is None. Raises nothing."""
    bits = _throttled(root)
    battery, charging = _battery(root)
    return Machine(
        _celsius(root),
        None if bits is None else bool(bits & (CAPPED | THROTTLED | SOFT_LIMIT)),
        None if bits is None else bool(bits & WEAK_POWER),
        battery,
        charging,
        _whole(_text(root / "proc/self/statm").split(" ")[1:2]) * PAGE_BYTES / 1e6,
        len(_names(root / "proc/self/task")),
        len(_names(root / "proc/self/fd")),
    )


def _celsius(root: Path) -> float | None:
    found: dict[str, float] = {}
    zones = root / "sys/class/thermal"
    for name in sorted((n for n in _names(zones) if n.startswith("thermal_zone")), key=natural_order):
        text = _text(zones / name / "temp")
        if text.lstrip("-").isdecimal():
            found.setdefault(_text(zones / name / "type"), int(text) / 1000)
    own = [value for kind, value in found.items() if kind in PROCESSOR_ZONES]
    # A sensor that is not there reads as 0 or far below.
    believable = [value for value in own or found.values() if 0 < value < 150]
    return max(believable, default=None)


def _throttled(root: Path) -> int | None:
    for name in THROTTLED_FILES:
        try:
            return int(_text(root / name), 16)
        except ValueError:
            continue
    return None


def _battery(root: Path) -> tuple[int | None, bool | None]:
    """The first battery that feeds the machine; those of a keyboard or mouse say scope Device."""
    supplies = root / "sys/class/power_supply"
    for name in _names(supplies):
        folder = supplies / name
        if _text(folder / "type") != "Battery" or _text(folder / "scope") == "Device":
            continue
        capacity = _text(folder / "capacity")
        if capacity.isdecimal():
            return min(100, int(capacity)), _text(folder / "status") in ("Charging", "Full", "Not charging")
    return None, None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _names(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir())
    except OSError:
        return []


def _whole(texts: list[str]) -> int:
    return int(texts[0]) if texts and texts[0].isdecimal() else 0
