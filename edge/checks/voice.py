"""Whether the voice can be made."""

from __future__ import annotations

from dataclasses import replace

from edge.checks.finding import Finding, note, right, wrong
from edge.cues.catalogue import Catalogue
from edge.cues.language import SOURCE
from edge.errors import SettingsError, SpeechError
from edge.settings import SpeechSettings
from edge.speech.control import SpeechControl
from edge.speech.dispatcher import DispatcherVoice
from edge.speech.engines.base import DISPATCHER
from edge.speech.synthesis import Synthesiser

NAME = "voice"


def check(settings: SpeechSettings, language: str = SOURCE) -> Finding:
    """Makes a phrase in the language of cues, without playing it."""
    if not settings.enabled:
        return note(NAME, "speech is switched off (speech.enabled)")
    try:
        catalogue = Catalogue(language)
    except SettingsError as error:
        return wrong(NAME, str(error), spoken="no voice")
    settings = replace(settings, voice=settings.voice or catalogue.voice)
    if settings.engine == DISPATCHER:
        return _of_dispatcher(settings)
    synthesiser = Synthesiser(settings)
    try:
        phrase = synthesiser.phrase(catalogue.phrase("ready"))
    except SpeechError as error:
        return wrong(NAME, " ".join(str(error).split()), spoken="no voice")
    finally:
        synthesiser.close()
    return right(NAME, f"{settings.engine} speaks with the voice {settings.voice} ({phrase.seconds:.1f} s)")


def _of_dispatcher(settings: SpeechSettings) -> Finding:
    """It plays what it speaks, so that it is only asked for its voice."""
    voice = DispatcherVoice(settings, SpeechControl.of(settings))
    try:
        voice.check()
    except SpeechError as error:
        return wrong(NAME, " ".join(str(error).split()), spoken="no voice")
    finally:
        voice.close()
    return right(NAME, f"{settings.engine} answers and has the voice {settings.voice}")
