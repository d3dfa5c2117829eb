"""Sound outputs: what they have in common, and which one is used."""

from __future__ import annotations

import logging
import shlex
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from edge.errors import SpeechError
from edge.settings import SpeechSettings
from edge.speech.auto_player import AutoPlayer
from edge.speech.command_player import CommandPlayer
from edge.speech.phrase import SAMPLE_RATE, Phrase, silence
from edge.speech.wav_player import WavPlayer

log = logging.getLogger(__name__)

PROBE = silence(0.05, SAMPLE_RATE)


class Player(Protocol):
    """A sound output."""

    def play(self, phrase: Phrase, cut: threading.Event) -> None:
        """Play a phrase and return when it is over, or at once when `cut` is set from another thread.

        Raises SpeechError when it cannot be heard.
        """

    def close(self) -> None:
        """Give up everything that was opened; may be called again."""


def choose_player(
    settings: SpeechSettings,
    clock: Callable[[], float],
    fallback_wav: Path | None = None,
    paced: bool = True,
) -> Player:
    """The WAV file of the settings, else a command that really plays, else fallback_wav.

    clock and paced: see WavPlayer; a replay is not paced. A command named in the settings is never replaced.
    Raises SpeechError that says why nothing can be heard.
    """
    if settings.wav:
        return WavPlayer(Path(settings.wav), clock, paced)
    player = AutoPlayer(settings.timeout_seconds) if settings.player == "auto" else _named(settings)
    try:
        # Only playing shows whether there is a sound card, so a moment of silence is played.
        player.play(PROBE, threading.Event())
    except SpeechError as error:
        if fallback_wav is None or settings.player != "auto":
            raise
        log.warning("%s; speech goes to %s", error, fallback_wav)
        return WavPlayer(fallback_wav, clock, paced)
    return player


def _named(settings: SpeechSettings) -> Player:
    try:
        command = shlex.split(settings.player)
    except ValueError as error:
        raise SpeechError(f"speech.player: {settings.player!r} is not a command ({error})") from error
    if not command:
        raise SpeechError("speech.player is empty; give a command that plays a WAV file, or auto")
    return CommandPlayer(command, settings.timeout_seconds)
