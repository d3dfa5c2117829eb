"""The sound output that works, whichever that is at the moment."""

from __future__ import annotations

import logging
import shutil
import threading
import time

from edge.errors import SpeechError
from edge.speech.command_player import CommandPlayer
from edge.speech.phrase import Phrase

log = logging.getLogger(__name__)

COMMANDS = (("paplay",), ("pw-play",), ("aplay", "-q"))
"""Tried in this order: a sound server shares the card with the screen reader, bare ALSA may not."""
DISTRUST_SECONDS = 60.0
"""A player that failed is for so long tried after the others."""


class AutoPlayer:
    """Plays each phrase by the first command that can: a server may die, a card may come back.

    timeout_seconds: as in CommandPlayer.
    """

    def __init__(self, timeout_seconds: float) -> None:
        self._players = {command: CommandPlayer(command, timeout_seconds) for command in COMMANDS}
        self._failed_at: dict[tuple[str, ...], float] = {}

    def play(self, phrase: Phrase, cut: threading.Event) -> None:
        """Play a phrase until it is over or `cut` is set. Raises SpeechError that says what each answered."""
        installed = [command for command in COMMANDS if shutil.which(command[0])]
        if not installed:
            raise SpeechError(
                "no sound player is installed (paplay, pw-play or aplay); "
                "install the package alsa-utils, or set speech.wav to write the speech to a file"
            )
        faults = []
        for command in sorted(installed, key=self._distrusted):
            try:
                self._players[command].play(phrase, cut)
            except SpeechError as error:
                self._failed_at[command] = time.monotonic()
                faults.append(str(error))
                log.info("%s", error)
            else:
                return
        raise SpeechError(
            f"no sound output works ({'; '.join(faults)}); "
            "connect a sound card, or set speech.wav to write the speech to a file"
        )

    def close(self) -> None:
        """Nothing stays open between phrases."""

    def _distrusted(self, command: tuple[str, ...]) -> bool:
        failed_at = self._failed_at.get(command)
        return failed_at is not None and time.monotonic() - failed_at < DISTRUST_SECONDS
