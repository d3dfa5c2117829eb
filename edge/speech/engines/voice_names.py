"""The names that an espeak-ng voice goes by."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from edge.speech.engines.base import UnknownVoice

Listed = tuple[str, list[str], str]
"""A voice as espeak-ng lists it: its name, its languages, its file."""


class VoiceNames:
    """Finds the file of a voice that may be named by file, by name or by language, in any case."""

    def __init__(self, listed: Iterable[Listed]) -> None:
        # espeak-ng itself knows some voices by their language only in its list (en-gb is the file en).
        self._files = {
            known.lower(): file.lower()
            for name, languages, file in reversed(list(listed))
            for known in (name, *languages, file.rsplit("/", 1)[-1], file)
        }

    def file(self, name: str) -> str:
        """The voice's file, with the variant where one is named ("en-us+f3"). Raises UnknownVoice."""
        wanted, plus, variant = name.lower().partition("+")
        if wanted not in self._files:
            raise self.unknown(name)
        return self._files[wanted] + plus + variant

    def unknown(self, name: str) -> UnknownVoice:
        """The error for a voice that is not there, with the names that come near."""
        near = difflib.get_close_matches(name.lower().partition("+")[0], self._files, n=3, cutoff=0.4)
        hint = f"; near it are {', '.join(near)}" if near else ""
        return UnknownVoice(
            f"speech.voice: espeak-ng has no voice {name!r}{hint}; `espeak-ng --voices` lists them all"
        )
