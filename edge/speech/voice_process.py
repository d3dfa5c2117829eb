"""The voice's own process: an engine writes a WAV file for every text asked for.

    python -m edge.speech.voice_process FOLDER ENGINE [VOICE_FILE]

Says {"ready": library} or {"error": sentence} first. Then each line in,
{"id": number, "text": ..., "voice": ..., "rate": words a minute}, is answered by one line out with the same
id, {"wav": path} or {"error": sentence, "unknown_voice": whether that is the fault}; whoever asked removes
the file. At the end of input, which is also how it learns that its parent died, it removes FOLDER and ends.

An engine has a process to itself because it can hang or crash, must stay on one thread, prints on standard
output and cannot be restarted where it is.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

from edge.errors import SpeechError
from edge.speech.engines.base import ESPEAK, PIPER, Engine, UnknownVoice


def open_engine(name: str, voice_file: str) -> Engine:
    """The engine of that name. Raises SpeechError when it is not there."""
    # Each is imported only where it is used: none is needed by the others.
    if name == PIPER:
        from edge.speech.engines.piper_engine import PiperEngine

        return PiperEngine(voice_file)
    if name == ESPEAK:
        from edge.speech.engines.espeak_engine import EspeakEngine

        return EspeakEngine()
    from edge.speech.engines.pyttsx3_engine import Pyttsx3Engine

    return Pyttsx3Engine()


def serve(engine: Engine, folder: Path, requests: Iterable[str], answers: TextIO) -> None:
    """Answer requests until there are no more."""
    for line in requests:
        asked = json.loads(line)
        path = folder / f"{asked['id']}.wav"
        try:
            engine.save(asked["text"], path, asked["voice"], asked["rate"])
            _say(answers, id=asked["id"], wav=str(path))
        except SpeechError as error:
            path.unlink(missing_ok=True)
            _say(answers, id=asked["id"], error=str(error), unknown_voice=isinstance(error, UnknownVoice))


def main(arguments: list[str]) -> int:
    """Run the process; 2 when there is no voice."""
    folder = Path(arguments[0])
    # What the engine prints must not get between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device, not a path
        os.dup2(nowhere.fileno(), 1)
    try:
        engine = open_engine(arguments[1], arguments[2] if len(arguments) > 2 else "")
    except SpeechError as error:
        _say(answers, error=str(error))
        return 2
    try:
        _say(answers, ready=engine.library)
        serve(engine, folder, sys.stdin, answers)
    except BrokenPipeError:
        pass  # the parent is gone, which is the end of input too
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def _say(answers: TextIO, **answer: Any) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
