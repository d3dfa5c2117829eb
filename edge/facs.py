"""Names of the Facial Action Coding System and of the emotions read from it.

Source: Ekman, Friesen & Hager, *Facial Action Coding System* (2002).
"""

from __future__ import annotations

ACTION_UNITS: dict[str, str] = {
    "AU01": "inner brow raiser",
    "AU02": "outer brow raiser",
    "AU04": "brow lowerer",
    "AU05": "upper lid raiser",
    "AU06": "cheek raiser",
    "AU07": "lid tightener",
    "AU09": "nose wrinkler",
    "AU10": "upper lip raiser",
    "AU12": "lip corner puller",
    "AU14": "dimpler",
    "AU15": "lip corner depressor",
    "AU17": "chin raiser",
    "AU18": "lip pucker",
    "AU20": "lip stretcher",
    "AU22": "lip funneler",
    "AU23": "lip tightener",
    "AU24": "lip pressor",
    "AU25": "lips part",
    "AU26": "jaw drop",
    "AU27": "mouth stretch",
    "AU28": "lip suck",
    "AU45": "blink",
}
"""Action unit -> its FACS name; the order is the order of columns everywhere."""

SIDED_UNITS: dict[str, str] = {
    "AU12L": "lip corner puller, the person's left side",
    "AU12R": "lip corner puller, the person's right side",
    "AU14L": "dimpler, the person's left side",
    "AU14R": "dimpler, the person's right side",
}
"""Units whose one-sided form means something else (contempt). They stand behind all of ACTION_UNITS."""

UNIT_COLUMNS: tuple[str, ...] = (*ACTION_UNITS, *SIDED_UNITS)
"""The columns of every table of labelled units, and what the released nets read."""

SWAPPED: dict[str, str] = {name: name[:-1] + {"L": "R", "R": "L"}[name[-1]] for name in SIDED_UNITS}
"""What a sided unit is in the mirrored picture."""

EMOTIONS: tuple[str, ...] = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
)
"""The eight categories of FER+ (Barsoum et al. 2016), in its order."""

ATTITUDES: tuple[str, ...] = ("positive", "neutral", "negative")

ATTITUDE_OF: dict[str, str] = {
    "neutral": "neutral",
    "happiness": "positive",
    "surprise": "neutral",
    "sadness": "negative",
    "anger": "negative",
    "disgust": "negative",
    "fear": "negative",
    "contempt": "negative",
}
"""Attitude each emotion counts towards; surprise has no valence of its own."""
