"""Whether the source gives pictures."""

from __future__ import annotations

from edge.checks.finding import Finding, right, wrong
from edge.checks.machine import Machine
from edge.errors import SourceError
from edge.settings import SourceSettings
from edge.sources.camera import device_file
from edge.sources.open import open_source

NAME = "camera"
GROUP = "video"


def check(machine: Machine, settings: SourceSettings) -> Finding:
    """Reads one picture."""
    uri = settings.uri
    if (uri.isascii() and uri.isdecimal()) or uri.startswith("/dev/"):
        node = machine.path(str(device_file(uri)))
        if machine.barred([node]):
            sentence = f"{machine.user.name} may not use the camera {machine.shown(node)}"
            return wrong(NAME, sentence, machine.joining(GROUP), "no permission for the camera")
    try:
        reader = open_source(settings)
    except SourceError as error:
        return wrong(NAME, " ".join(str(error).split()), spoken="no camera")
    try:
        frame = reader.read()
        if frame is None:
            sentence = f"{reader.name} opens but gives no picture"
            return wrong(NAME, sentence, "unplug it and plug it in again", "the camera gives no picture")
        height, width = frame.image.shape[:2]
        return right(NAME, f"{reader.name} gives pictures of {width}x{height}")
    finally:
        reader.close()
