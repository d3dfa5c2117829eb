"""Whether the clock is set, and whether a time server keeps it right."""

from __future__ import annotations

import shutil
import subprocess
import time

from edge.checks.finding import Finding, note, right, wrong
from edge.checks.machine import Machine
from edge.settings import MqttSettings

NAME = "clock"
FIRST_YEAR = 2025
"""A Raspberry Pi has no clock of its own: an earlier year means it was never set."""
SYNCHRONISED = "/run/systemd/timesync/synchronized"
ASK_SECONDS = 5.0
NTP = "sudo timedatectl set-ntp true, with the network connected"


def check(machine: Machine, mqtt: MqttSettings, now: time.struct_time | None = None) -> Finding:
    """now: the local time; the clock's where it is None."""
    now = time.localtime() if now is None else now
    text = f"the clock says {time.strftime('%Y-%m-%d %H:%M', now)}"
    if now.tm_year < FIRST_YEAR:
        if mqtt.host and mqtt.tls:
            sentence = f"{text}, which is long past, so the broker's certificate counts as not yet valid"
            return wrong(NAME, sentence, NTP, "the clock is not set")
        sentence = f"{text}, which is long past; what is published carries that time"
        return (wrong if mqtt.host else note)(NAME, sentence, NTP, "the clock is not set")
    kept = synchronised(machine)
    if kept is None:
        return right(NAME, f"{text}; whether a time server keeps it right does not show here")
    if not kept:
        return note(NAME, f"{text}, but no time server keeps it right", NTP)
    return right(NAME, f"{text}, kept right by a time server")


def synchronised(machine: Machine) -> bool | None:
    """Whether a time server sets the clock; None where the machine does not tell."""
    if machine.path(SYNCHRONISED).exists():
        return True
    program = shutil.which("timedatectl") if machine.real else None
    if program is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603
            [program, "show", "--property=NTPSynchronized", "--value"],
            capture_output=True,
            text=True,
            timeout=ASK_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return {"yes": True, "no": False}.get(done.stdout.strip())
