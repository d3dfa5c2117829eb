"""Whether the voice can be made."""

from __future__ import annotations

from edge.checks.finding import Finding, note, right, wrong
from edge.errors import SpeechError
from edge.settings import SpeechSettings
from edge.speech.synthesis import Synthesiser

NAME = "voice"


def check(settings: SpeechSettings) -> Finding:
    """Makes a phrase without playing it."""
    if not settings.enabled:
        return note(NAME, "speech is switched off (speech.enabled)")
    synthesiser = Synthesiser(settings)
    try:
        phrase = synthesiser.phrase("facecue ready")
    except SpeechError as error:
        return wrong(NAME, " ".join(str(error).split()), spoken="no voice")
    finally:
        synthesiser.close()
    return right(NAME, f"{settings.engine} speaks with the voice {settings.voice} ({phrase.seconds:.1f} s)")
