"""The languages that cues are said in, and their translations."""

from __future__ import annotations

import gettext
import struct
from pathlib import Path

from edge.errors import SettingsError

LANGUAGES = {"en": "en-us", "es": "es", "de": "de", "cs": "cs"}
"""Language (ISO 639-1) -> the espeak-ng voice that speaks it."""
SOURCE = "en"
"""What edge/cues/catalogue.py is written in; every other language is a translation of it."""
DOMAIN = "facecue"
LOCALE = Path(__file__).resolve().parents[1] / "locale"


def voice_of(language: str) -> str:
    """The espeak-ng voice of a language. Raises SettingsError for one that is not there."""
    if language not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        raise SettingsError([f"cues.language: {language!r} is not there; choose one of {known}"])
    return LANGUAGES[language]


def translation(language: str, locale: Path = LOCALE) -> gettext.NullTranslations:
    """The translation into a language, each text under its key as gettext's context.

    Raises SettingsError for a language that is not there, or whose file is missing or damaged.
    """
    voice_of(language)
    if language == SOURCE:
        return gettext.NullTranslations()
    path = locale / language / "LC_MESSAGES" / f"{DOMAIN}.mo"
    try:
        with path.open("rb") as file:
            return gettext.GNUTranslations(file)
    except (OSError, ValueError, struct.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is damaged"
        raise SettingsError(
            [f"cues.language: {path} cannot be read ({reason}); install facecue again, or set it to {SOURCE}"]
        ) from error
