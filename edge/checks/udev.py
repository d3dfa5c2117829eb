"""Whether udev will let the user at a stick, in both of its states."""

from __future__ import annotations

import shutil
import stat
import sys
from pathlib import Path

from edge.checks.finding import Finding, note, right, wrong
from edge.checks.machine import SERVICE_NAME, Machine
from edge.checks.udev_rules import Grant, grant, rules
from edge.checks.usb import RUNNING, VENDOR, WAITING, Stick

NAME = "udev rule"
OWN_FILE = "/etc/udev/rules.d/70-facecue-stick.rules"
"""Before 73-seat-late.rules, so that uaccess counts."""
OWN_RULES = "".join(
    f'SUBSYSTEM=="usb", ATTR{{idVendor}}=="{VENDOR}", ATTR{{idProduct}}=="{product}", '
    'MODE="0660", GROUP="plugdev", TAG+="uaccess", ENV{ID_MM_DEVICE_IGNORE}="1"\n'
    for product in (WAITING, RUNNING)
)
"""The group is for the service, uaccess for whoever is logged in; no modem program is to touch it."""
REPLUG = "then unplug the stick and plug it in again"


def check(machine: Machine, sticks: list[Stick], needed: bool) -> Finding:
    """sticks: those plugged in. needed: whether a stick is to be used at all."""
    known = rules(machine)
    grants = {product: grant(known, product, VENDOR) for product in (WAITING, RUNNING)}
    shut = {product: found for product, found in grants.items() if not _opens(machine, found)}
    if not shut:
        where = " and ".join(dict.fromkeys(_file(g.places[-1]) for g in grants.values() if g.places))
        return right(NAME, f"{where or 'udev'} lets {machine.user.name} use a stick, waiting and running")
    if not sticks and not needed:
        return note(NAME, f"no udev rule lets {machine.user.name} use a stick, and none is plugged in")
    return _closed(machine, shut)


def _closed(machine: Machine, shut: dict[str, Grant]) -> Finding:
    user = machine.user.name
    spoken = "no permission for the stick"
    found = next(iter(shut.values()))
    both = " and ".join(f"{VENDOR}:{product}" for product in shut)
    if not found.places:
        state = " (its id while it runs)" if list(shut) == [RUNNING] else ""
        sentence = f"no udev rule for {both}{state}, so {user} may not use the stick"
        return wrong(NAME, sentence, f"{_install()}, {REPLUG}", spoken)
    place = found.places[-1]
    if found.late and found.group == "root":
        sentence = f"{place} has the tag uaccess, but its file comes after 73-seat-late.rules, so it is void"
        path = _file(place)
        early = Path(path).with_name(f"70-{Path(path).name.partition('-')[2] or 'stick.rules'}")
        return wrong(
            NAME, sentence, f"sudo mv {path} {early} && sudo udevadm control --reload, {REPLUG}", spoken
        )
    writes = found.mode & (stat.S_IRGRP | stat.S_IWGRP) == stat.S_IRGRP | stat.S_IWGRP
    if writes and found.group != "root":
        sentence = f"{place} gives {both} to the group {found.group}, in which {user} is not"
        if user != SERVICE_NAME:
            return wrong(NAME, sentence, machine.joining(found.group), spoken)
        return wrong(NAME, sentence, f"{_install()}, {REPLUG}", spoken)
    sentence = f"{place} is for {both} but gives {user} no permission (mode {found.mode:04o}, {found.group})"
    return wrong(NAME, sentence, f"{_install()}, {REPLUG}", spoken)


def _opens(machine: Machine, found: Grant) -> bool:
    user = machine.user
    if found.uaccess and user.name != SERVICE_NAME:
        return True
    group, owner = machine.group(found.group), user.uid if found.owner == user.name else 0
    return user.would_use(owner, group.gid if group else 0, found.mode)


def _install() -> str:
    # An installation in a folder of its own is not on PATH, and the command is to work when it is pasted.
    called = Path(sys.argv[0])
    program = str(called) if called.name == "facecue" and shutil.which("facecue") is None else "facecue"
    return f"{program} doctor --udev-rule | sudo tee {OWN_FILE} && sudo udevadm control --reload"


def _file(place: str) -> str:
    return place.rpartition(", line ")[0]
