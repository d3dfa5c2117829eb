"""A machine that never heard this voice before must understand it: pocketsphinx, its own English model.

The grammar is closed: the answer is a phrase of it or nothing. That alone proves little ("good morning"
is heard as one phrase of the catalogue or another), hence the whole confusion matrix of the emotions, and
a grammar in which the catalogue stands among many words that sound alike.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pytest

from edge.cues.catalogue import EMOTION_PHRASES, vocabulary
from edge.settings import SpeechSettings
from edge.speech.phrase import Phrase
from edge.speech.synthesis import Synthesiser

pocketsphinx = pytest.importorskip("pocketsphinx", reason="pocketsphinx (extra dev) is not installed")

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

Int16 = npt.NDArray[np.int16]


def words(text: str) -> str:
    return " ".join(SPELLING.get(word, word) for word in text.split())


def heard(samples: npt.NDArray[np.float64]) -> Int16:
    """The sound in a quiet room, with a pause before and after."""
    padded = np.concatenate([np.zeros(RATE // 5), samples, np.zeros(RATE * 3 // 10)])
    noise = np.random.default_rng(1).normal(0.0, ROOM_NOISE, len(padded))
    return np.clip(padded + noise, -32768, 32767).astype(np.int16)


def resampled(phrase: Phrase) -> npt.NDArray[np.float64]:
    """At 16 kHz, by leaving out what is above 8 kHz."""
    count = round(len(phrase.samples) * RATE / phrase.sample_rate)
    spectrum = np.fft.rfft(phrase.samples.astype(np.float64))[: count // 2 + 1]
    return np.fft.irfft(spectrum, count) * (count / len(phrase.samples))


class Listener:
    """Understands one of the phrases, or nothing."""

    def __init__(self, phrases: Sequence[str]) -> None:
        self._decoder = pocketsphinx.Decoder(samprate=RATE, loglevel="FATAL", cmn="batch")
        alternatives = " | ".join(words(phrase) for phrase in phrases)
        grammar = f"#JSGF V1.0;\ngrammar cues;\npublic <cue> = {alternatives} ;\n"
        self._decoder.add_jsgf_string("cues", grammar)
        self._decoder.activate_search("cues")

    def understand(self, sound: Int16) -> str:
        self._decoder.start_utt()
        self._decoder.process_raw(sound.tobytes(), full_utt=True)
        self._decoder.end_utt()
        hypothesis = self._decoder.hyp()
        return "" if hypothesis is None else hypothesis.hypstr


@pytest.fixture(scope="module")
def listener() -> Listener:
    """Knows the catalogue and what sounds like it."""
    return Listener([*vocabulary(), *(f"looks {word}" for word in SOUND_ALIKES.split())])


@pytest.fixture
def voice(request: pytest.FixtureRequest) -> Iterator[Synthesiser]:
    synthesiser = Synthesiser(getattr(request, "param", SpeechSettings(timeout_seconds=30.0)))
    yield synthesiser
    synthesiser.close()


def settings(voice: str, pace: int) -> SpeechSettings:
    return SpeechSettings(voice=voice, rate_words_per_minute=pace, timeout_seconds=30.0)


@pytest.mark.parametrize(
    "voice",
    [settings(voice, pace) for voice in ("en-us", "en-gb") for pace in (120, 170, 220)],
    indirect=True,
    ids=lambda given: f"{given.voice}-{given.rate_words_per_minute}",
)
def test_every_emotion_is_told_from_every_other(voice: Synthesiser) -> None:
    phrases = list(EMOTION_PHRASES.values())
    listener = Listener(phrases)
    answers = [listener.understand(heard(resampled(voice.phrase(phrase)))) for phrase in phrases]
    rows = "".join(
        f"\n{spoken:20} {' '.join('X' if answer == phrase else '.' for phrase in phrases)}  {answer}"
        for spoken, answer in zip(phrases, answers)
    )
    sys.stdout.write(rows + "\n")
    assert answers == phrases


@pytest.mark.parametrize(
    "voice",
    [settings("en-us", pace) for pace in (120, 180, 250)],
    indirect=True,
    ids=lambda given: str(given.rate_words_per_minute),
)
def test_the_whole_catalogue_is_understood_among_words_that_sound_alike(
    voice: Synthesiser, listener: Listener
) -> None:
    spoken = {phrase: words(phrase) for phrase in vocabulary()}
    understood = {phrase: listener.understand(heard(resampled(voice.phrase(phrase)))) for phrase in spoken}
    assert understood == spoken


def test_a_word_that_sounds_alike_is_not_taken_for_an_emotion(voice: Synthesiser, listener: Listener) -> None:
    answers = {
        word: listener.understand(heard(resampled(voice.phrase(f"looks {word}"))))
        for word in SOUND_ALIKES.split()
    }
    assert not set(answers.values()) & set(EMOTION_PHRASES.values())
    right = sum(answer == f"looks {word}" for word, answer in answers.items())
    assert right > 0.75 * len(answers), answers


def test_silence_noise_and_a_tone_are_no_phrase(listener: Listener) -> None:
    rng = np.random.default_rng(2)
    second = np.arange(RATE) / RATE
    for sound in (
        np.zeros(RATE),
        rng.normal(0.0, 300.0, RATE),
        rng.normal(0.0, 5000.0, RATE),
        8000 * np.sin(2 * np.pi * 500 * second),
    ):
        # Half a phrase may be heard in a tone ("three", of "three people"), a phrase may not.
        assert listener.understand(heard(sound)) not in {words(phrase) for phrase in vocabulary()}
