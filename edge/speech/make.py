"""From settings to the spoken sink."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from edge import earcons
from edge.errors import SpeechError
from edge.settings import SpeechSettings
from edge.speech.control import SpeechControl
from edge.speech.dispatcher import DispatcherVoice
from edge.speech.engines.base import DISPATCHER
from edge.speech.players import choose_player
from edge.speech.sink import SpeechSink
from edge.speech.speaker import PlayedVoice, Speaker
from edge.speech.synthesis import Synthesiser


def make_speaker(
    settings: SpeechSettings,
    control: SpeechControl,
    clock: Callable[[], float],
    fallback_wav: Path | None = None,
    paced: bool = True,
) -> Speaker:
    """What speaks, by the engine and the player of the settings; the last three as in choose_player.

    Raises SpeechError when nothing can be heard. Whether there is a voice shows with the first phrase.
    """
    if settings.engine == DISPATCHER:
        if settings.wav:
            raise SpeechError(
                "speech-dispatcher plays what it speaks and cannot write speech.wav; "
                "set speech.engine to another one"
            )
        return DispatcherVoice(settings, control)
    player = choose_player(settings, clock, fallback_wav, paced)
    return PlayedVoice(Synthesiser(settings, control), player, control, earcons.ERROR in settings.earcons)


def make_sink(
    settings: SpeechSettings,
    control: SpeechControl,
    clock: Callable[[], float],
    fallback_wav: Path | None = None,
    paced: bool = True,
) -> SpeechSink:
    """The spoken sink; parameters and errors as in make_speaker."""
    speaker = make_speaker(settings, control, clock, fallback_wav, paced)
    return SpeechSink(speaker, control, settings.earcons, rests=paced)
