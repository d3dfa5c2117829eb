"""Saying what a command found, in the voice that `facecue run` has."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from edge.errors import FacecueError
from edge.settings import SpeechSettings
from edge.speech.control import SpeechControl
from edge.speech.make import make_sink
from edge.speech.sink import SpeechSink
from edge.types import Cue, Priority

HEARD_FROM = 60.0
"""Seconds a sentence stays worth saying: nothing overtakes it here."""


def add_aloud(parser: argparse.ArgumentParser) -> None:
    """--speak, --wav."""
    parser.add_argument("--speak", action="store_true", help="say the outcome aloud as well")
    parser.add_argument(
        "--wav", metavar="FILE", help="write what would be said to a WAV file instead of playing it"
    )


class Teller:
    """Says sentences one after the other; where that fails, says so once on standard error and goes on.

    settings: of the voice; None says nothing.
    """

    def __init__(self, command: str, settings: SpeechSettings | None) -> None:
        self._command = command
        self._settings = settings
        self._sink: SpeechSink | None = None
        self._started = time.monotonic()

    def say(self, text: str) -> None:
        """Say a sentence and return when it is over."""
        if self._settings is None:
            return
        try:
            if self._sink is None:
                # Not paced: a file is written as fast as it goes, each sentence behind the one before.
                control = SpeechControl.of(self._settings)
                self._sink = make_sink(self._settings, control, self._clock, paced=False)
            now = self._clock()
            self._sink.deliver(Cue("health", self._command, text, Priority.NOW, now, now + HEARD_FROM))
        except (FacecueError, OSError) as error:
            self._settings = None
            print(f"facecue {self._command}: this cannot be said aloud: {error}", file=sys.stderr)

    def close(self) -> None:
        """End the voice."""
        if self._sink is not None:
            self._sink.close()

    def _clock(self) -> float:
        return time.monotonic() - self._started


@contextmanager
def teller(args: argparse.Namespace, settings: SpeechSettings) -> Iterator[Teller]:
    """The voice that the options of add_aloud ask for.

    speech.enabled does not count: whoever writes --speak wants to hear.
    """
    wanted = args.speak or args.wav is not None
    settings = settings if args.wav is None else replace(settings, wav=args.wav)
    made = Teller(args.command, settings if wanted else None)
    try:
        yield made
    finally:
        made.close()
