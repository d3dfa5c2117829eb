"""Which changes of the settings count while it runs, and which wait for a restart."""

from __future__ import annotations

from dataclasses import dataclass, fields

from edge.settings import Settings

LIVE: dict[str, tuple[str, ...]] = {
    "source": (),
    "faces": (),
    "power": (),
    "cues": (),
    "speech": ("rate_words_per_minute", "volume", "voice", "pause_seconds"),
}
"""Section -> keys that are applied at once; empty: all but those of WAITING."""
WAITING: dict[str, tuple[str, ...]] = {
    # Every phrase would have to be made anew, and the voice with it.
    "cues": ("language", "neutral_seconds"),
    # They decide what kind of source it is, which the loop is built around.
    "source": ("repeat", "required"),
}


@dataclass(frozen=True)
class Changes:
    """now: sections of which something is applied at once. later: keys, as "section.key", that wait."""

    now: tuple[str, ...]
    later: tuple[str, ...]


def applies(section: str, key: str) -> bool:
    """Whether a change of this key counts without a restart."""
    return (
        section in LIVE
        and (not LIVE[section] or key in LIVE[section])
        and key not in WAITING.get(section, ())
    )


def changes(old: Settings, new: Settings) -> Changes:
    """What differs between two settings."""
    now: list[str] = []
    later: list[str] = []
    for section in fields(Settings):
        before, after = getattr(old, section.name), getattr(new, section.name)
        for key in fields(before):
            if getattr(before, key.name) == getattr(after, key.name):
                continue
            if not applies(section.name, key.name):
                later.append(f"{section.name}.{key.name}")
            elif section.name not in now:
                now.append(section.name)
    return Changes(tuple(now), tuple(later))
