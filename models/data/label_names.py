"""What people call emotions and action units in their own tables and folders."""

from __future__ import annotations

import re

from edge.facs import EMOTIONS, UNIT_COLUMNS

SYNONYMS: dict[str, str] = {
    **{name: name for name in EMOTIONS},
    "neutrality": "neutral",
    "calm": "neutral",
    "none": "neutral",
    "happy": "happiness",
    "joy": "happiness",
    "smile": "happiness",
    "smiling": "happiness",
    "surprised": "surprise",
    "astonished": "surprise",
    "sad": "sadness",
    "unhappy": "sadness",
    "angry": "anger",
    "mad": "anger",
    "disgusted": "disgust",
    "afraid": "fear",
    "fearful": "fear",
    "scared": "fear",
    "contemptuous": "contempt",
    "scorn": "contempt",
}
"""Word -> one of EMOTIONS."""
KNOWN = f"one of {', '.join(EMOTIONS)} (or happy, sad, angry, surprised, ...)"
"""What a message says may be written."""


def emotion_of(word: str) -> str | None:
    """The emotion a word means; None if it is none of the eight. "3_happy" and "Happy" are happiness."""
    plain = re.sub(r"^\d+[-_. ]*", "", word.strip().casefold())
    return SYNONYMS.get(plain)


def unit_of(column: str) -> str | None:
    """AU1, au01, AU12L, AU12_L -> AU01, AU12L; None if it names no action unit at all.

    The unit may be one that no net of ours reads: see UNIT_COLUMNS.
    """
    match = re.fullmatch(r"au[ _]?0*(\d{1,2})(?:[ _]?([lr]))?", column.strip().casefold())
    return f"AU{int(match[1]):02d}{(match[2] or '').upper()}" if match else None


def is_read(unit: str) -> bool:
    """Whether a FaceSet has a column for the unit."""
    return unit in UNIT_COLUMNS
