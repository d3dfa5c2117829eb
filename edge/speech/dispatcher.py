"""Speaking through Speech Dispatcher, the service that screen readers on Linux speak through."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence

from edge import earcons
from edge.errors import SpeechError
from edge.settings import SpeechSettings
from edge.speech.control import SpeechControl, VoiceState
from edge.speech.engines.base import UnknownVoice
from edge.speech.players import Player, choose_player
from edge.speech.speaker import ERROR_SECONDS
from edge.speech.ssip import CANCELLED, END, Ssip

log = logging.getLogger(__name__)

POLL_SECONDS = 0.01
CANCEL_SECONDS = 0.5
"""As long as it is given to fall silent."""
SLOWEST, NORMAL, FASTEST = 80, 170, 450
"""Words a minute of its rates -100, 0 and 100, as its espeak-ng module takes them."""


class DispatcherVoice:
    """Says texts through Speech Dispatcher; an edge.speech.speaker.Speaker.

    It plays them itself, on whatever sound output its own configuration names, and does not tell when that
    cannot be heard. Earcons go through a player. What hangs or is gone is connected anew with the next text.
    """

    def __init__(self, settings: SpeechSettings, control: SpeechControl) -> None:
        self._settings = settings
        self._control = control
        self._ssip: Ssip | None = None
        self._set: VoiceState | None = None
        self._worked: VoiceState | None = None
        self._voices: list[tuple[str, str]] = []
        self._player: Player | None = None
        self._error_at = -ERROR_SECONDS
        self._closed = False

    def say(self, text: str, earcon: str, urgent: bool, cut: threading.Event) -> None:
        """As in Speaker."""
        if self._closed:
            raise SpeechError("the voice is closed; nothing more can be said")
        if earcon:
            self._sound(earcon, cut)
        if cut.is_set():
            return
        try:
            self._speak(text, urgent, cut)
        except UnknownVoice:
            self._sound_error(cut)
            raise
        except SpeechError:
            self._disconnect()
            self._sound_error(cut)
            raise

    def prepare(self, text: str, cut: threading.Event) -> None:
        """There is nothing to do: it keeps no phrases."""

    def check(self) -> None:
        """Connect and set the voice. Raises SpeechError that says what is missing."""
        self._connected()

    def close(self) -> None:
        """End the connection; may be called again."""
        self._closed = True
        self._disconnect()
        if self._player is not None:
            self._player.close()

    def _speak(self, text: str, urgent: bool, cut: threading.Event) -> None:
        ssip = self._connected()
        ssip.ask(f"SET SELF PRIORITY {'important' if urgent else 'message'}")
        words = len(text.split())
        started = time.monotonic()
        patience = self._settings.timeout_seconds + 3 * 60.0 * words / self._control.rate_words_per_minute
        message = ssip.speak(text)
        while True:
            event = ssip.event(POLL_SECONDS)
            if event is not None and event[0] in (END, CANCELLED) and event[1][:1] == [message]:
                return
            if cut.is_set():
                self._cancel(ssip, message)
                return
            if time.monotonic() - started > patience:
                raise SpeechError(
                    f"speech-dispatcher began {text!r} and did not end it within {patience:.0f} s; restart it"
                )

    def _cancel(self, ssip: Ssip, message: str) -> None:
        ssip.ask("CANCEL SELF")
        deadline = time.monotonic() + CANCEL_SECONDS
        while time.monotonic() < deadline:
            event = ssip.event(POLL_SECONDS)
            if event is not None and event[0] in (END, CANCELLED) and event[1][:1] == [message]:
                return

    def _connected(self) -> Ssip:
        """The connection, with everything set as the user wants it now."""
        if self._ssip is None:
            self._ssip = Ssip(self._settings.timeout_seconds)
            self._set = None
            self._ssip.ask("SET SELF CLIENT_NAME facecue:facecue:cues")
            self._ssip.ask("SET SELF NOTIFICATION END on")
            self._ssip.ask("SET SELF NOTIFICATION CANCEL on")
        state = self._control.state
        if state != self._set:
            try:
                self._apply(self._ssip, state)
            except UnknownVoice as error:
                if self._worked is None or self._worked.voice == state.voice:
                    raise
                log.warning("%s; the voice stays %s", error, self._worked.voice)
                self._control.restore(state, self._worked)
                state = self._control.state
                self._apply(self._ssip, state)
            self._set = self._worked = state
        return self._ssip

    def _apply(self, ssip: Ssip, state: VoiceState) -> None:
        if self._set is None or self._set.voice != state.voice:
            # There are thousands with all their variants, and listing them takes a second or more.
            self._voices = self._voices or _listed(ssip)
            _choose_voice(ssip, state.voice, self._voices)
        ssip.ask(f"SET SELF RATE {rate_of(state.rate_words_per_minute)}")
        ssip.ask(f"SET SELF VOLUME {round(200 * state.volume - 100)}")

    def _disconnect(self) -> None:
        if self._ssip is not None:
            self._ssip.close()
            self._ssip = None

    def _sound(self, earcon: str, cut: threading.Event) -> bool:
        try:
            if self._player is None:
                self._player = choose_player(self._settings, time.monotonic)
            self._player.play(earcons.sound(earcon).scaled(self._control.volume), cut)
        except SpeechError as error:
            # The words are what counts.
            log.info("an earcon cannot be played: %s", error)
            return False
        return True

    def _sound_error(self, cut: threading.Event) -> None:
        wanted = earcons.ERROR in self._settings.earcons
        if wanted and time.monotonic() - self._error_at >= ERROR_SECONDS and self._sound(earcons.ERROR, cut):
            self._error_at = time.monotonic()


def rate_of(words_per_minute: int) -> int:
    """Speech Dispatcher's rate, -100 to 100."""
    if words_per_minute <= NORMAL:
        return round(100 * (words_per_minute - NORMAL) / (NORMAL - SLOWEST))
    return round(100 * (words_per_minute - NORMAL) / (FASTEST - NORMAL))


def _listed(ssip: Ssip) -> list[tuple[str, str]]:
    """Name and language of every voice."""
    found = []
    for line in ssip.ask("LIST SYNTHESIS_VOICES"):
        name, _, rest = line.partition("\t")
        found.append((name, rest.partition("\t")[0]))
    return found


def _choose_voice(ssip: Ssip, voice: str, listed: Sequence[tuple[str, str]]) -> None:
    """By name or language, in any case. Raises UnknownVoice."""
    wanted = voice.lower()
    for name, _ in listed:
        if name.lower() == wanted:
            ssip.ask(f"SET SELF SYNTHESIS_VOICE {name}")
            return
    languages = {language.lower(): language for _, language in listed}
    if wanted not in languages:
        raise UnknownVoice(
            f"speech.voice: speech-dispatcher has no voice {voice!r}; `spd-say -L` lists them all"
        )
    ssip.ask(f"SET SELF LANGUAGE {languages[wanted]}")
