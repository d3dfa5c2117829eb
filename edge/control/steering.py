"""Obeys commands, on the loop's thread, and puts every answer into words."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence

from edge.control.commands import COMMANDS, DEEPEST, VERBOSITIES, Command
from edge.control.control import Answer, Control
from edge.control.keys import KEYS
from edge.control.recall import Recall
from edge.control.steered import Camera, Reader, Voice
from edge.cues.catalogue import Catalogue
from edge.errors import FacecueError
from edge.settings import CueSettings
from edge.types import Cue, Priority

log = logging.getLogger(__name__)

EXPIRY_SECONDS = 5.0
"""An answer that comes later is no answer."""
LONG_EXPIRY_SECONDS = 15.0
RATE_STEP = 1.15
"""The ear counts in ratios: a seventh is heard as one step at 100 and at 400 words per minute."""
RATE_GRAIN = 5
VOLUME_STEP = 10
OnState = Callable[[Sequence[str], Mapping[str, object]], None]
"""Told what is said of a face, as in cues.levels, and `Steering.state`."""


class Steering:
    """Everything a command can do, and what is said to it.

    settings: what is set at the start. control: where commands wait. stop: set by "quit"; then `quit` is
    true. on_state: told at the start and after every command. paused: whether no pictures are taken.

    An answer is a cue of the kind "answer". It is said at once, and also while cues are muted: only who
    asks gets one, and silence would sound like a dead device.
    """

    def __init__(
        self,
        settings: CueSettings,
        catalogue: Catalogue,
        control: Control,
        recall: Recall,
        reader: Reader,
        camera: Camera,
        voice: Voice,
        stop: threading.Event,
        on_state: OnState | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._control = control
        self.recall = recall
        self.quit = False
        self._reader = reader
        self._camera = camera
        self._voice = voice
        self._stop = stop
        self._on_state = on_state
        self.paused = False
        self._now = 0.0
        self.follow(settings)

    def follow(self, settings: CueSettings) -> None:
        """The settings are these now, whatever commands have set before."""
        self.recall.settings = settings
        self._verbosity, self._level = settings.verbosity, _deepest(settings.levels)
        self._levels: tuple[str, ...] = tuple(settings.levels)
        self._show()

    @property
    def state(self) -> dict[str, object]:
        """What is set now, as data for JSON."""
        return {
            "muted": self._voice.muted,
            "paused": self.paused,
            "rate": self._voice.rate_words_per_minute,
            "volume": round(100 * self._voice.volume),
            "verbosity": self._verbosity,
            "level": self._level or None,
        }

    def wait(self, timeout_seconds: float) -> None:
        """Until a command comes, or the time is over."""
        self._control.wait(timeout_seconds)

    def turn(self, now: float) -> list[Cue]:
        """Obey all that wait and answer each; what is to be said of it: the last answer only.

        Whoever presses a key five times wants to hear where that led, not every step on the way.
        """
        cues: list[Cue] = []
        for request in self._control.take():
            self._now = now
            command = request.command
            try:
                answer = self._obey(command)
            except Exception as error:  # no command is worth the device; the next picture counts
                log.warning("%s: %s", command.name, error, exc_info=not isinstance(error, FacecueError))
                answer = self._answer("not_done", ok=False, reason=f"{command.name}: {error}")
            cues = [self._cue(command, answer, now)] if answer.text else []
            self._show()
            if request.reply is not None:
                request.reply(answer)
        return cues

    def _obey(self, command: Command) -> Answer:
        obey = getattr(self, f"_do_{command.name}", None) if command.name in COMMANDS else None
        if obey is None:
            return self._answer("unknown_command", ok=False, reason="this key has no meaning")
        answer: Answer = obey(command.value)
        return answer

    def _do_what_now(self, _: object) -> Answer:
        if self.paused:
            return self._answer("paused")
        return self._answer(*self.recall.now(self._levels, self._now))

    def _do_aim(self, _: object) -> Answer:
        return self._answer(*(["paused"] if self.paused else self.recall.aim(self._now)))

    def _do_repeat(self, _: object) -> Answer:
        last = self.recall.last(self._now)
        return Answer(True, *last) if last else self._answer("nothing_to_repeat")

    def _do_status(self, _: object) -> Answer:
        troubles = self.recall.troubles
        quiet = ["muted"] if self._voice.muted else []
        if self.paused:
            return self._answer("paused", *quiet, *troubles)
        return self._answer(*(troubles or ["all_well"]), *quiet)

    def _do_mute(self, value: str) -> Answer:
        voice = self._voice
        voice.muted = _switched(value, voice.muted)
        # What could not be said meanwhile, and still holds.
        return self._answer(*(["muted"] if voice.muted else ["unmuted", *self.recall.troubles]))

    def _do_pause(self, value: str) -> Answer:
        wanted = _switched(value, self.paused)
        if wanted == self.paused:
            return self._answer("paused" if wanted else "resumed")
        self.paused = wanted
        self.recall.forget_pictures()
        if not wanted:
            self._camera.resume()
            return self._answer("resumed")
        if self._camera.pause():
            return self._answer("paused")
        return self._answer("pause_failed", ok=False, reason="pause: the camera hangs and may still be open")

    def _do_rate(self, value: str | int) -> Answer:
        kind, before = COMMANDS["rate"], self._voice.rate_words_per_minute
        if isinstance(value, int):
            rate = value
        else:
            step = before * RATE_STEP if value == "faster" else before / RATE_STEP
            rate = RATE_GRAIN * round(step / RATE_GRAIN)
        self._voice.rate_words_per_minute = rate = max(kind.least, min(kind.most, rate))
        up = value == "faster" or (isinstance(value, int) and value >= before)
        if rate == (kind.most if up else kind.least):
            return self._answer("fastest" if up else "slowest")
        return self._answer("faster" if up else "slower")

    def _do_volume(self, value: str | int) -> Answer:
        kind, before = COMMANDS["volume"], round(100 * self._voice.volume)
        volume = value if isinstance(value, int) else before + VOLUME_STEP * (1 if value == "louder" else -1)
        # One that the settings make quieter still is not made louder by this.
        volume = max(min(kind.least, before), min(kind.most, volume))
        self._voice.volume = volume / 100
        up = value == "louder" or (isinstance(value, int) and value >= before)
        if volume >= kind.most or volume <= kind.least:
            return self._answer("loudest" if up else "quietest")
        return self._answer("louder" if up else "quieter")

    def _do_verbosity(self, value: str) -> Answer:
        verbosity = _chosen(value, VERBOSITIES, self._verbosity)
        self._reader.set_verbosity(verbosity)
        self._verbosity = verbosity
        return self._answer(f"words_{verbosity}")

    def _do_level(self, value: str) -> Answer:
        level = _chosen(value, DEEPEST, self._level)
        levels = DEEPEST[: DEEPEST.index(level) + 1]
        self._reader.set_levels(levels)
        self._level, self._levels = level, levels
        return self._answer(f"level_{level}")

    def _do_reset_neutral(self, _: object) -> Answer:
        self._reader.reset_neutral()
        return self._answer("neutral_forgotten")

    def _do_keys(self, _: object) -> Answer:
        spoken = {"space": "key_space", "?": "key_question_mark"}
        texts, phrases = [], []
        for key in KEYS:
            name = key.names[0]
            words = self._catalogue.phrase(spoken[name]) if name in spoken else name
            texts.append(f"{words}: {self._catalogue.phrase(key.does)}")
            phrases.append(key.does)
        return Answer(True, "; ".join(texts), tuple(phrases))

    def _do_quit(self, _: object) -> Answer:
        # What is said of it is said once everything has ended.
        self.quit = True
        self._stop.set()
        return Answer(True, "")

    def _show(self) -> None:
        if self._on_state is not None:
            self._on_state(self._levels, self.state)

    def _answer(self, *phrases: str, ok: bool = True, reason: str = "") -> Answer:
        return Answer(ok, self._catalogue.listed(phrases), phrases, reason)

    def _cue(self, command: Command, answer: Answer, now: float) -> Cue:
        # The list of keys is long: whatever is pressed meanwhile cuts it short.
        long = command.name == "keys"
        priority = Priority.NEXT if long else Priority.NOW
        label = answer.phrases[0] if len(answer.phrases) == 1 else command.name
        expiry = LONG_EXPIRY_SECONDS if long else EXPIRY_SECONDS
        return Cue("answer", label, answer.text, priority, now, now + expiry, None, answer.phrases)


def _switched(value: str, before: bool) -> bool:
    return not before if value == "toggle" else value == "on"


def _chosen(value: str, choices: tuple[str, ...], before: str) -> str:
    if value != "next":
        return value
    return choices[(choices.index(before) + 1) % len(choices)] if before in choices else choices[0]


def _deepest(levels: Sequence[str]) -> str:
    """How far the settings go; nothing where not even movements are said."""
    return next((level for level in reversed(DEEPEST) if level in levels), "")
