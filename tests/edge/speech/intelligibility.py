"""Whether a machine that never heard this voice understands it: pocketsphinx with its own English model.

    python tests/edge/speech/intelligibility.py [--voice en-us] [--engine espeak] [--rates 120 180 250]

The grammar is closed, and holds every phrase of the English catalogue: what is heard as another phrase is
printed for every rate, which is the confusion matrix without the rows in which all is right. A closed grammar
answers other words with one of its own phrases; how often, is printed too, and then everything once more in a
grammar that holds other sentences and words that sound like those said of a face. Silence, noise and a tone
must be heard as nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pocketsphinx

from edge.cues.catalogue import Catalogue
from edge.settings import SpeechSettings
from edge.speech.phrase import Phrase
from edge.speech.synthesis import Synthesiser

RATES = (120, 180, 250)
RATE = 16000
ROOM_NOISE = 30.0
"""Standard deviation, of 32768. Digital silence, which no microphone gives, confuses the recogniser."""
SPELLING = {"facecue": "face cue"}
"""Names that are in no dictionary, as words that are."""

SOUND_ALIKES = """
    adjusted affair afresh agree anger anguish angular apt arrayed attempts bad better bored brave brutal
    busy calm comprised confused contempt contemptible contented cruel curious curt dead digested
    disgusting distrusted dusted empty excited fatal futile gentle glad hapless happen heavy hoppy hungrier
    hungry hurry jealous kind lonely mad mutual natural nervous neural neutralize newer parade pleased
    presumptuous pretty proud quiet ready rough sack sag said sand sat scared serious set shy sick side
    sleepy strange supplied surprising survived tempting tired ugly worried
"""
OTHER_WORDS = """
    good morning|the train leaves at noon|can you hear me|two cups of coffee please|it will rain tomorrow
    turn the radio off|where is the station|thank you very much|happy birthday|my brother lives in london
    what time is it|please close the window|i would like some bread|the door is open|never mind
    one hundred and seven|read the next page|she sells flowers|a long way home|not today
"""

Int16 = npt.NDArray[np.int16]
Float64 = npt.NDArray[np.float64]


def words(text: str) -> str:
    """A phrase as the recogniser writes it."""
    return " ".join(SPELLING.get(word, word) for word in text.lower().replace(",", "").split())


def in_a_room(samples: Float64) -> Int16:
    """The sound in a quiet room, with a pause before and after."""
    padded = np.concatenate([np.zeros(RATE // 5), samples, np.zeros(RATE * 3 // 10)])
    noise = np.random.default_rng(1).normal(0.0, ROOM_NOISE, len(padded))
    return np.clip(padded + noise, -32768, 32767).astype(np.int16)


def of_phrase(phrase: Phrase) -> Int16:
    """A phrase as it is heard in that room."""
    return in_a_room(phrase.resampled(RATE).samples.astype(np.float64))


class Listener:
    """Understands one of the phrases, or nothing."""

    def __init__(self, phrases: Sequence[str]) -> None:
        self._decoder = pocketsphinx.Decoder(samprate=RATE, loglevel="FATAL", cmn="batch")
        self._phrases = list(dict.fromkeys(words(phrase) for phrase in phrases))
        unknown = {word for phrase in self._phrases for word in phrase.split() if not self._knows(word)}
        if unknown:
            raise ValueError(
                f"the recogniser's dictionary lacks {', '.join(sorted(unknown))}; add to SPELLING"
            )
        grammar = f"#JSGF V1.0;\ngrammar cues;\npublic <cue> = {' | '.join(self._phrases)} ;\n"
        self._decoder.add_jsgf_string("cues", grammar)
        self._decoder.activate_search("cues")

    def understand(self, sound: Int16) -> str:
        """The phrase that it takes the sound for, "" for none or only the beginning of one."""
        self._decoder.start_utt()
        self._decoder.process_raw(sound.tobytes(), full_utt=True)
        self._decoder.end_utt()
        hypothesis = self._decoder.hyp()
        text = "" if hypothesis is None else hypothesis.hypstr
        return text if text in self._phrases else ""

    def _knows(self, word: str) -> bool:
        return self._decoder.lookup_word(word) is not None


@dataclass
class Matrix:
    """What was heard at one rate.

    confused: phrase as spoken -> as heard, "" for nothing; the right ones are not in it. taken: other words
    -> the cue that they were taken for.
    """

    rate: int
    spoken: int
    confused: dict[str, str]
    taken: dict[str, str]

    @property
    def right(self) -> float:
        """Share of phrases that were understood, 0..1."""
        return 1.0 - len(self.confused) / self.spoken


def matrix(listener: Listener, voice: Synthesiser, rate: int, others: Sequence[str] = ()) -> Matrix:
    """Say every phrase of the catalogue, and other words, at one rate. The voice must speak at it."""
    vocabulary = Catalogue().vocabulary()
    heard = {text: listener.understand(of_phrase(voice.phrase(text))) for text in vocabulary}
    confused = {text: answer for text, answer in heard.items() if answer != words(text)}
    cues = {words(text) for text in vocabulary}
    taken = {text: listener.understand(of_phrase(voice.phrase(text))) for text in others}
    return Matrix(
        rate, len(vocabulary), confused, {t: a for t, a in taken.items() if a in cues and a != words(t)}
    )


def decoys() -> list[str]:
    """What sounds like a cue and is none."""
    return [f"looks {word}" for word in SOUND_ALIKES.split()]


def other_words() -> list[str]:
    """What people say beside the device."""
    return [text.strip() for text in OTHER_WORDS.replace("\n", "|").split("|") if text.strip()]


def noises() -> dict[str, Int16]:
    """What is no speech."""
    rng = np.random.default_rng(2)
    second = np.arange(RATE) / RATE
    sounds = {
        "silence": np.zeros(RATE),
        "quiet noise": rng.normal(0.0, 300.0, RATE),
        "loud noise": rng.normal(0.0, 5000.0, RATE),
        "a tone": 8000 * np.sin(2 * np.pi * 500 * second),
    }
    return {name: in_a_room(sound) for name, sound in sounds.items()}


def main(arguments: list[str] | None = None) -> int:
    """Print the matrices."""
    parser = argparse.ArgumentParser(description="what a recogniser makes of the spoken catalogue")
    parser.add_argument("--voice", default="en-us")
    parser.add_argument("--engine", default="espeak", choices=("espeak", "pyttsx3"))
    parser.add_argument("--rates", type=int, nargs="+", default=RATES, metavar="WORDS_PER_MINUTE")
    options = parser.parse_args(arguments)
    out, vocabulary = sys.stdout, Catalogue().vocabulary()
    closed = Listener(vocabulary)
    open_ = Listener([*vocabulary, *decoys(), *other_words()])
    for name, sound in noises().items():
        out.write(f"{name} is heard as {closed.understand(sound) or 'nothing'}\n")
    for rate in options.rates:
        settings = SpeechSettings(engine=options.engine, voice=options.voice, rate_words_per_minute=rate)
        voice = Synthesiser(settings)
        try:
            for title, listener in (("closed grammar", closed), ("among other words", open_)):
                found = matrix(listener, voice, rate, other_words())
                out.write(
                    f"{options.voice}, {rate} words a minute, {title}: {found.right:.1%} of {found.spoken} "
                    f"phrases understood; {len(found.taken)} of {len(other_words())} other sentences taken "
                    "for a cue\n"
                )
                for text, heard in {**found.confused, **found.taken}.items():
                    out.write(f"    {text:32s} -> {heard or '(nothing)'}\n")
        finally:
            voice.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
