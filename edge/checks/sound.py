"""Whether anything can be heard."""

from __future__ import annotations

import time
from dataclasses import replace

from edge.checks.finding import Finding, note, right, wrong
from edge.checks.machine import Machine
from edge.errors import SpeechError
from edge.settings import SpeechSettings
from edge.speech.players import choose_player

NAME = "sound"
GROUP = "audio"
OUTPUTS = "/dev/snd"


def check(machine: Machine, settings: SpeechSettings) -> Finding:
    """Plays a moment of silence; where that fails, looks for the reason."""
    if not settings.enabled:
        return note(NAME, "speech is switched off (speech.enabled)")
    if settings.wav:
        return note(NAME, f"speech is written to {settings.wav}, nothing is played")
    try:
        choose_player(replace(settings, wav=""), time.monotonic).close()
    except SpeechError as error:
        return _silent(machine, " ".join(str(error).split()))
    return right(NAME, "a sound output works")


def _silent(machine: Machine, reason: str) -> Finding:
    outputs = sorted(machine.path(OUTPUTS).glob("pcmC*D*p"))
    if not outputs:
        sentence = f"this machine has no sound card ({OUTPUTS} holds none)"
        fix = "plug in a USB sound card, or set speech.wav to a file"
        return wrong(NAME, sentence, fix, "no sound card")
    barred = machine.barred(outputs)
    if len(barred) == len(outputs):
        user = machine.user.name
        sentence = f"{user} may not use the sound card {machine.shown(outputs[0])}"
        return wrong(NAME, sentence, machine.joining(GROUP), "no permission for the sound card")
    return wrong(NAME, reason, spoken="no sound")
