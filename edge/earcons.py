"""Short sounds that say what kind of cue comes, before its words: a person, an aiming hint, an error.

They differ in melody, which is told apart more surely than timbre or loudness (Brewster, Wright & Edwards
1993, "An evaluation of earcons for use in auditory human-computer interfaces"), and lie between 400 and
1,400 Hz, which the smallest loudspeaker plays and worn hearing still hears.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edge.cues.catalogue import HEALTH_PHRASES, HINT_PHRASES
from edge.speech.phrase import SAMPLE_RATE, Phrase
from edge.types import Cue

PERSON, AIM, ERROR = "person", "aim", "error"

MELODIES: dict[str, tuple[tuple[float, float], ...]] = {
    PERSON: ((784.0, 0.06), (1175.0, 0.07)),
    AIM: ((1319.0, 0.05),),
    ERROR: ((622.0, 0.065), (415.0, 0.08)),
}
"""Notes: frequency in hertz, seconds. Rising, one short, falling; none is longer than 0.15 s in all."""
FADE_SECONDS = 0.008
"""Begun and ended more suddenly than this, a tone clicks."""
GAP_SECONDS = 0.03
LOUDNESS = 2500.0
"""Where no phrase was heard yet; espeak-ng speaks at about 3,500."""
OF_VOICE = 0.7
"""Of the voice's loudness: a pure tone is heard as louder than speech of the same power."""
TROUBLE = ("_lost", "_absent")


def of_cue(cue: Cue, wanted: Sequence[str]) -> str:
    """The earcon that goes before a cue, "" for none. wanted: those that are switched on."""
    if cue.kind == "person":
        found = PERSON
    elif cue.label in HINT_PHRASES:
        found = AIM
    elif cue.label in HEALTH_PHRASES and (cue.label.endswith(TROUBLE) or cue.label == "cannot_go_on"):
        found = ERROR
    else:
        return ""
    return found if found in wanted else ""


def sound(name: str, loudness: float = LOUDNESS / OF_VOICE) -> Phrase:
    """An earcon as loud as it suits a voice of this loudness (root mean square, 0 to 32767)."""
    notes = [_note(frequency, seconds) for frequency, seconds in MELODIES[name]]
    samples = np.concatenate(notes)
    samples *= OF_VOICE * loudness / np.sqrt(np.mean(samples**2))
    return Phrase(np.clip(np.round(samples), -32768, 32767).astype(np.int16), SAMPLE_RATE)


def _note(frequency: float, seconds: float) -> npt.NDArray[np.float64]:
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    fade = np.clip(np.minimum(time, seconds - time) / FADE_SECONDS, 0.0, 1.0)
    note: npt.NDArray[np.float64] = np.sin(2 * np.pi * frequency * time) * np.sin(np.pi / 2 * fade) ** 2
    return note
