"""What a user may change of the voice while the device runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

from edge.errors import SettingsError
from edge.settings import SpeechSettings
from edge.settings_values import checked

DEFAULT_VOICE = "en-us"
RATE_STEP = 1.15
"""The ear counts in ratios: a seventh is heard as one step at 100 and at 400 words a minute."""
RATE_GRAIN = 5
VOLUME_STEP = 0.1
LEAST_VOLUME = 0.1
"""Quieter than this by steps would be mute under another name, and not be told from a dead device."""


@dataclass(frozen=True)
class VoiceState:
    """How cues are spoken at one moment; units and ranges as in SpeechSettings."""

    voice: str = DEFAULT_VOICE
    rate_words_per_minute: int = 170
    volume: float = 1.0
    pause_seconds: float = 0.0
    muted: bool = False


class SpeechControl:
    """Holds the VoiceState, to be read and changed from any thread; an edge.control.steered.Voice.

    Whoever speaks reads `state` anew for every cue, so that a change counts from the next one on. A value
    out of range raises SettingsError, whose sentence can be spoken, and changes nothing.
    """

    def __init__(self, state: VoiceState | None = None) -> None:
        self._state = state or VoiceState()
        self._lock = threading.Lock()
        self._told: list[Callable[[VoiceState], None]] = []

    @classmethod
    def of(cls, settings: SpeechSettings, voice: str = DEFAULT_VOICE) -> SpeechControl:
        """As the settings say. voice: the one of the language, where they name none."""
        return cls(
            VoiceState(
                settings.voice or voice,
                settings.rate_words_per_minute,
                settings.volume,
                settings.pause_seconds,
            )
        )

    @property
    def state(self) -> VoiceState:
        """Everything at once, as it is at this moment."""
        with self._lock:
            return self._state

    def on_change(self, tell: Callable[[VoiceState], None]) -> None:
        """From now on `tell` is called after every change, on the thread that made it; it must be quick."""
        with self._lock:
            self._told.append(tell)

    def forget(self, tell: Callable[[VoiceState], None]) -> None:
        """No longer call what on_change was given."""
        with self._lock:
            self._told = [each for each in self._told if each != tell]

    @property
    def rate_words_per_minute(self) -> int:
        return self.state.rate_words_per_minute

    @rate_words_per_minute.setter
    def rate_words_per_minute(self, value: int) -> None:
        self._change("rate_words_per_minute", value)

    @property
    def volume(self) -> float:
        return self.state.volume

    @volume.setter
    def volume(self, value: float) -> None:
        self._change("volume", value)

    @property
    def voice(self) -> str:
        return self.state.voice

    @voice.setter
    def voice(self, value: str) -> None:
        """A voice that the engine does not have is refused when it is first used, and the last one stays."""
        self._change("voice", value)

    @property
    def pause_seconds(self) -> float:
        return self.state.pause_seconds

    @pause_seconds.setter
    def pause_seconds(self, value: float) -> None:
        self._change("pause_seconds", value)

    @property
    def muted(self) -> bool:
        return self.state.muted

    @muted.setter
    def muted(self, value: bool) -> None:
        self._update("muted", value)

    def faster(self) -> bool:
        """One step faster; False if it cannot go any faster."""
        return self._step(
            "rate_words_per_minute", lambda rate: RATE_GRAIN * round(rate * RATE_STEP / RATE_GRAIN)
        )

    def slower(self) -> bool:
        """One step slower; False if it cannot go any slower."""
        return self._step(
            "rate_words_per_minute", lambda rate: RATE_GRAIN * round(rate / RATE_STEP / RATE_GRAIN)
        )

    def louder(self) -> bool:
        """One step louder; False if it cannot get any louder."""
        return self._step("volume", lambda volume: round(volume + VOLUME_STEP, 3))

    def quieter(self) -> bool:
        """One step quieter, though never silent; False if it cannot get any quieter."""
        return self._step(
            "volume", lambda volume: max(min(volume, LEAST_VOLUME), round(volume - VOLUME_STEP, 3))
        )

    def restore(self, refused: VoiceState, state: VoiceState) -> None:
        """Go back to the voice of `state`, unless the user has chosen yet another than the refused one."""
        with self._lock:
            if self._state.voice != refused.voice:
                return
            self._state = replace(self._state, voice=state.voice)
        self._tell()

    def _step(self, name: str, step: Callable[[Any], Any]) -> bool:
        limits = LIMITS[name]
        with self._lock:
            before = getattr(self._state, name)
            after = min(max(step(before), limits["least"]), limits["most"])
            self._state = replace(self._state, **{name: after})
        if after != before:
            self._tell()
        return bool(after != before)

    def _change(self, name: str, value: Any) -> None:
        try:
            value = checked(value, KINDS[name], LIMITS[name])
        except ValueError as error:
            raise SettingsError([f"speech.{name}: {error}"]) from error
        self._update(name, value)

    def _update(self, name: str, value: Any) -> None:
        with self._lock:
            before, self._state = self._state, replace(self._state, **{name: value})
            changed = before != self._state
        if changed:
            self._tell()

    def _tell(self) -> None:
        with self._lock:
            told, state = list(self._told), self._state
        for each in told:
            each(state)


LIMITS = {each.name: each.metadata for each in fields(SpeechSettings)}
KINDS: dict[str, type] = {
    "rate_words_per_minute": int,
    "volume": float,
    "voice": str,
    "pause_seconds": float,
}
