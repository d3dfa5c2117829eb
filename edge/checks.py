"""What `facecue doctor` looks at: each check answers in one sentence, with the fix where one is needed."""

from __future__ import annotations

import platform
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from edge import golden_check, wiring
from edge.errors import FacecueError
from edge.mqtt.sink import MqttSink
from edge.settings import Settings
from edge.sources.open import open_source
from edge.speech.players import choose_player
from edge.speech.synthesis import Synthesiser

LEAST_FREE_MIB = 200
USB_DEVICES = Path("/sys/bus/usb/devices")
STICK_VENDOR = "03e7"
STICK_PRODUCTS = {"2485": "waiting", "f63b": "running"}
FIRST_YEAR = 2025
"""A Raspberry Pi has no clock of its own: an earlier year means it was never set."""


@dataclass(frozen=True)
class Finding:
    """state: "right", "note" (works, but look) or "wrong". sentence: what was found, and the fix."""

    name: str
    state: str
    sentence: str


def findings(settings: Settings) -> Iterator[Finding]:
    """Every check, one after the other; none stops the others."""
    for name, check in (
        ("program", _program),
        ("model", lambda: _model(settings)),
        ("stick", _stick),
        ("camera", lambda: _camera(settings)),
        ("voice", lambda: _voice(settings)),
        ("sound", lambda: _sound(settings)),
        ("broker", lambda: _broker(settings)),
        ("disk", _disk),
        ("clock", _clock),
    ):
        yield _guarded(name, check)


def _guarded(name: str, check: Callable[[], tuple[str, str]]) -> Finding:
    try:
        return Finding(name, *check())
    except (FacecueError, OSError) as error:
        return Finding(name, "wrong", " ".join(str(error).split()))
    except Exception as error:  # the other checks may show why
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        return Finding(name, "wrong", f"this check itself failed ({reason}): install facecue again")


def _program() -> tuple[str, str]:
    found = []
    for package in ("facecue", *_packages()):
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            return "wrong", f"{package} is not installed: install facecue again"
    return "right", f"Python {sys.version.split()[0]} on {platform.machine()}, {', '.join(found)}"


def _packages() -> list[str]:
    """What facecue needs everywhere: without extras, and without what only some Pythons need."""
    needed = [line for line in requires("facecue") or [] if ";" not in line]
    return [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in needed]


def _model(settings: Settings) -> tuple[str, str]:
    folder = wiring.model(settings.model)
    device = wiring.backend(settings.model, folder)
    try:
        result = golden_check.check(folder, device)
    finally:
        device.close()
    what = f"{folder.card.name} {folder.precision} on {device.description}: {result.words}"
    return ("right" if result.passed else "wrong"), what


def _stick() -> tuple[str, str]:
    for vendor in USB_DEVICES.glob("*/idVendor"):
        product = vendor.with_name("idProduct")
        if vendor.read_text().strip() == STICK_VENDOR and product.is_file():
            state = STICK_PRODUCTS.get(product.read_text().strip(), "of an unknown kind")
            return "note", (
                f"a Neural Compute Stick is plugged in ({state}), but this OpenVINO cannot use it: "
                "only versions up to 2022.3 can"
            )
    return "note", "no Neural Compute Stick is plugged in; the processor does the work"


def _camera(settings: Settings) -> tuple[str, str]:
    reader = open_source(settings.source)
    try:
        frame = reader.read()
        if frame is None:
            return "wrong", f"{reader.name} opens but gives no picture: unplug it and plug it in again"
        height, width = frame.image.shape[:2]
        return "right", f"{reader.name} gives pictures of {width}x{height}"
    finally:
        reader.close()


def _voice(settings: Settings) -> tuple[str, str]:
    if not settings.speech.enabled:
        return "note", "speech is switched off"
    synthesiser = Synthesiser(settings.speech)
    try:
        phrase = synthesiser.phrase("facecue ready")
    finally:
        synthesiser.close()
    return (
        "right",
        f"{settings.speech.engine} speaks with the voice {settings.speech.voice} ({phrase.seconds:.1f} s)",
    )


def _sound(settings: Settings) -> tuple[str, str]:
    speech = settings.speech
    if not speech.enabled:
        return "note", "speech is switched off"
    if speech.wav:
        return "note", f"speech is written to {speech.wav}, nothing is played"
    choose_player(replace(speech, wav=""), time.monotonic).close()
    return "right", "a sound output works"


def _broker(settings: Settings) -> tuple[str, str]:
    if not settings.mqtt.host:
        return "note", "no broker is set (mqtt.host), so nothing is published"
    MqttSink.check(settings.mqtt)
    return "right", f"the broker at {settings.mqtt.host}:{settings.mqtt.port} takes this device"


def _disk() -> tuple[str, str]:
    free = shutil.disk_usage(Path.home() if Path.home().is_dir() else Path("/")).free // 2**20
    if free < LEAST_FREE_MIB:
        return "wrong", f"only {free} MiB of disk are free: delete something"
    return "right", f"{free} MiB of disk are free"


def _clock() -> tuple[str, str]:
    now = time.localtime()
    text = time.strftime("%Y-%m-%d %H:%M", now)
    if now.tm_year < FIRST_YEAR:
        return "note", f"the clock says {text}: connect to a network once, so that MQTT times are right"
    return "right", f"the clock says {text}"
