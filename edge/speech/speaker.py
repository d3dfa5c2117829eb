"""What says a text aloud, and the one that does it with a synthesiser and a player."""

from __future__ import annotations

import logging
import threading
import time
from typing import Protocol

from edge import earcons
from edge.errors import SpeechError
from edge.speech.control import SpeechControl
from edge.speech.players import Player
from edge.speech.synthesis import Synthesiser
from edge.speech.voice_client import CutShort

log = logging.getLogger(__name__)

ERROR_SECONDS = 5.0
"""A voice that stays lost is heard as the earcon this often, rather than with every cue."""


class Speaker(Protocol):
    """Says one text at a time. Used on one thread, but for prepare and the cut."""

    def say(self, text: str, earcon: str, urgent: bool, cut: threading.Event) -> None:
        """Say a text and return when it is over, or at once when `cut` is set from another thread.

        earcon: the one to play before it, "" for none. urgent: worth interrupting other programs for.
        Raises SpeechError when it cannot be heard.
        """

    def prepare(self, text: str, cut: threading.Event) -> None:
        """Do now what can be done before a text is said; may raise as say does, or CutShort."""

    def close(self) -> None:
        """End everything that was started; may be called again."""


class PlayedVoice:
    """A synthesiser and a player, both of which it owns.

    error_earcon: whether a voice that fails is to be heard as a sound, where there is still a player.
    """

    def __init__(
        self, synthesiser: Synthesiser, player: Player, control: SpeechControl, error_earcon: bool = False
    ) -> None:
        self._synthesiser = synthesiser
        self._player = player
        self._control = control
        self._error_earcon = error_earcon
        self._error_at = -ERROR_SECONDS
        self._loudness = earcons.LOUDNESS / earcons.OF_VOICE

    def say(self, text: str, earcon: str, urgent: bool, cut: threading.Event) -> None:  # noqa: ARG002
        """As in Speaker. What goes to the player is one sound, earcon included: it cannot be torn apart."""
        try:
            phrase = self._synthesiser.phrase(text, cut)
        except CutShort:
            return
        except SpeechError:
            self._sound_error(cut)
            raise
        self._loudness = phrase.loudness
        if earcon:
            phrase = phrase.after(earcons.sound(earcon, phrase.loudness), earcons.GAP_SECONDS)
        if not cut.is_set():
            self._player.play(phrase.scaled(self._control.volume), cut)

    def prepare(self, text: str, cut: threading.Event) -> None:
        """Make the phrase, so that it can start at once."""
        self._synthesiser.phrase(text, cut)

    def close(self) -> None:
        """End the voice and the sound output."""
        try:
            self._player.close()
        finally:
            self._synthesiser.close()

    def _sound_error(self, cut: threading.Event) -> None:
        if not self._error_earcon or time.monotonic() - self._error_at < ERROR_SECONDS:
            return
        try:
            self._player.play(earcons.sound(earcons.ERROR, self._loudness).scaled(self._control.volume), cut)
        except SpeechError as error:
            log.info("nor can the error be sounded: %s", error)
        else:
            self._error_at = time.monotonic()
