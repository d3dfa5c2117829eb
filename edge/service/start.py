"""With which settings a service starts: its own, or safe ones where those would end in silence."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from edge.errors import SettingsError
from edge.service.starts import MOST_FALLS, Starts
from edge.settings import ModelSettings, Settings, SourceSettings

log = logging.getLogger(__name__)

SOURCE_FALLS = MOST_FALLS + 2
"""After so many falls the source that the settings name is under suspicion too."""


@dataclass(frozen=True)
class Start:
    """opening: keys of the catalogue to be said first. safe_mode: why it is one, "" where it is none."""

    settings: Settings
    opening: tuple[str, ...] = ()
    safe_mode: str = ""


def choose(load: Callable[[], Settings], defaults: Callable[[], Settings], starts: Starts) -> Start:
    """The settings of this start. load: those of the user. defaults: without the user's file.

    Wrong settings are told in the log, each fault on a line of its own. Raises nothing on purpose: a
    service that says nothing is worse than one that does not do what it was told.
    """
    try:
        wanted = load()
    except SettingsError as error:
        for fault in error.faults:
            log.error("%s", fault)
        return Start(safe(_or_none(defaults)), ("settings_wrong", "safe_mode"), "the settings are wrong")
    if not (starts.safe and wanted.service.safe_mode):
        return Start(wanted)
    why = f"it fell {starts.falls} times in ten minutes"
    log.error("safe mode: %s", why)
    settings = safe(wanted)
    if starts.falls >= SOURCE_FALLS:
        settings = replace(settings, source=SourceSettings(required=False))
    return Start(settings, ("safe_mode", "after_faults"), why)


def safe(settings: Settings) -> Settings:
    """The defaults, on the processor, with the source, the language and the loudness of these settings."""
    plain = Settings()
    return replace(
        plain,
        source=replace(settings.source, required=False),
        model=ModelSettings(device="CPU"),
        cues=replace(plain.cues, language=settings.cues.language),
        speech=replace(
            plain.speech,
            volume=settings.speech.volume,
            wav=settings.speech.wav,
            enabled=settings.speech.enabled,
        ),
        service=settings.service,
    )


def _or_none(defaults: Callable[[], Settings]) -> Settings:
    try:
        return defaults()
    except SettingsError:
        return Settings()
