"""The voice's own process: pyttsx3 writes a WAV file for every text asked for.

    python -m edge.speech.voice_process FOLDER VOICE WORDS_PER_MINUTE

Says {"ready": library} or {"error": sentence} first. Then each line in, {"text": ...}, is answered by one
line out, {"wav": path} or {"error": sentence}; whoever asked removes the file. At the end of input, which
is also how it learns that its parent died, it removes FOLDER and ends.

pyttsx3 has a process to itself because it can hang, must stay on one thread, prints on standard output and
cannot be restarted where it is.
"""

from __future__ import annotations

import difflib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

import pyttsx3

from edge.errors import SpeechError
from edge.speech.espeak_library import provide_espeak

ATTEMPTS = 3


class Voice:
    """pyttsx3 set to one voice and pace. Raises SpeechError when espeak-ng or the voice is missing."""

    def __init__(self, name: str, words_per_minute: int) -> None:
        self._espeak, self.library = provide_espeak()
        self._words_per_minute = words_per_minute
        try:
            self._engine = pyttsx3.init()
        except (RuntimeError, OSError) as error:
            raise SpeechError(f"espeak-ng does not start ({error}); reinstall espeak-ng") from error
        self._finished: list[bool] = []
        self._faults: list[Exception] = []
        self._engine.connect("finished-utterance", lambda completed, **_: self._finished.append(completed))
        self._engine.connect("error", lambda exception, **_: self._faults.append(exception))
        # A new engine counts as busy: it would only note down what it is told and not wait for its
        # first phrase. One empty round ends that.
        self._engine.runAndWait()
        self._choose(name)
        self._engine.setProperty("rate", words_per_minute)

    def _choose(self, name: str) -> None:
        # espeak-ng itself knows some voices by their language only in its list (en-gb is the file en).
        wanted, plus, variant = name.lower().partition("+")
        names = {
            known.lower(): voice.id
            for voice in reversed(self._engine.getProperty("voices"))
            for known in (voice.name, *voice.languages, voice.id.rsplit("/", 1)[-1], voice.id)
        }
        if wanted in names:
            self._engine.setProperty("voice", names[wanted] + plus + variant)
            # An unknown variant is no error to espeak-ng: it takes the plain voice.
            set_to = self._engine.getProperty("voice") or ""
            if not self._faults and set_to.partition("+")[1] == plus:
                return
        near = difflib.get_close_matches(wanted, names, n=3, cutoff=0.4)
        hint = f"; near it are {', '.join(near)}" if near else ""
        raise SpeechError(
            f"speech.voice: espeak-ng has no voice {name!r}{hint}; `espeak-ng --voices` lists them all"
        )

    def save(self, text: str, path: Path) -> None:
        """Write the text as speech to a WAV file."""
        for _ in range(ATTEMPTS):
            self._settle()
            self._finished.clear()
            self._engine.save_to_file(text, str(path))
            self._engine.runAndWait()
            # One broken off is reported as not completed, perhaps after it was reported as completed.
            if self._finished == [True] and path.exists():
                return
            self._engine.setProperty("rate", self._words_per_minute)
        raise SpeechError(f"pyttsx3 broke off {text!r} {ATTEMPTS} times; try again")

    def _settle(self) -> None:
        """Wait until espeak-ng's own thread is idle.

        pyttsx3 begins every round by cancelling what that thread is at, which may be the end of the last
        phrase, or the change of the rate: a phrase was lost, or all of them were spoken at another rate.
        """
        while self._espeak.espeak_IsPlaying():
            time.sleep(0.001)


def serve(voice: Voice, folder: Path, requests: Iterable[str], answers: TextIO) -> None:
    """Answer requests until there are no more."""
    for number, line in enumerate(requests):
        path = folder / f"{number}.wav"
        try:
            voice.save(json.loads(line)["text"], path)
            _say(answers, wav=str(path))
        except SpeechError as error:
            _say(answers, error=str(error))


def main(arguments: list[str]) -> int:
    """Run the process; 2 when there is no voice."""
    folder = Path(arguments[0])
    # What pyttsx3 and espeak-ng print must not get between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device, not a path
        os.dup2(nowhere.fileno(), 1)
    try:
        voice = Voice(arguments[1], int(arguments[2]))
    except SpeechError as error:
        _say(answers, error=str(error))
        return 2
    try:
        _say(answers, ready=voice.library)
        serve(voice, folder, sys.stdin, answers)
    except BrokenPipeError:
        pass  # the parent is gone, which is the end of input too
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def _say(answers: TextIO, **answer: str) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
