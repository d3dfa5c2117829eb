"""A machine that never heard this voice before must understand it; see intelligibility.py for how.

The bounds leave room for one phrase in fifty: a new release of espeak-ng sounds a little different. Which
phrases are confused, `python tests/edge/speech/intelligibility.py` prints.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("pocketsphinx", reason="pocketsphinx (extra dev) is not installed")

import intelligibility
from intelligibility import Listener

from edge.cues.catalogue import EMOTION_PHRASES, Catalogue
from edge.settings import SpeechSettings
from edge.speech.synthesis import Synthesiser

LEAST_RIGHT = 0.98
LEAST_RIGHT_AMONG_OTHERS = 0.97
MOST_TAKEN = 0.1


@pytest.fixture(scope="module")
def closed() -> Listener:
    """Knows the catalogue and nothing else."""
    return Listener(Catalogue().vocabulary())


@pytest.fixture(scope="module")
def among_others() -> Listener:
    """Knows other sentences too, and what sounds like a cue."""
    known = [*Catalogue().vocabulary(), *intelligibility.decoys(), *intelligibility.other_words()]
    return Listener(known)


@pytest.fixture
def voice(request: pytest.FixtureRequest) -> Iterator[Synthesiser]:
    name, rate = request.param
    settings = SpeechSettings(engine="espeak", voice=name, rate_words_per_minute=rate, timeout_seconds=30.0)
    synthesiser = Synthesiser(settings)
    yield synthesiser
    synthesiser.close()


@pytest.mark.parametrize("voice", [("en-us", rate) for rate in intelligibility.RATES], indirect=True, ids=str)
def test_every_phrase_is_told_from_every_other(voice: Synthesiser, closed: Listener) -> None:
    found = intelligibility.matrix(closed, voice, 0)
    assert found.right >= LEAST_RIGHT, found.confused
    assert not set(found.confused) & set(EMOTION_PHRASES.values())


@pytest.mark.parametrize("voice", [("en-us", 180)], indirect=True, ids=str)
def test_other_words_are_not_taken_for_cues(voice: Synthesiser, among_others: Listener) -> None:
    others = [*intelligibility.decoys()[::2], *intelligibility.other_words()]
    found = intelligibility.matrix(among_others, voice, 0, others)
    assert found.right >= LEAST_RIGHT_AMONG_OTHERS, found.confused
    assert len(found.taken) <= MOST_TAKEN * len(others), found.taken
    assert not set(found.taken.values()) & set(EMOTION_PHRASES.values())


@pytest.mark.parametrize("voice", [("en-gb", 120), ("en-gb", 180)], indirect=True, ids=str)
def test_emotions_are_told_apart_in_british_english_too(voice: Synthesiser) -> None:
    phrases = list(EMOTION_PHRASES.values())
    listener = Listener(phrases)
    heard = {text: listener.understand(intelligibility.of_phrase(voice.phrase(text))) for text in phrases}
    assert heard == {text: text for text in phrases}


@pytest.mark.parametrize("name", intelligibility.noises())
def test_what_is_no_speech_is_no_phrase(name: str, closed: Listener) -> None:
    assert closed.understand(intelligibility.noises()[name]) == ""


def test_a_phrase_that_sounds_like_another_would_show() -> None:
    listener = Listener(["looks sad", "looks happy"])
    synthesiser = Synthesiser(SpeechSettings(engine="espeak", voice="en-us", timeout_seconds=30.0))
    try:
        said = intelligibility.of_phrase(synthesiser.phrase("looks said"))
    finally:
        synthesiser.close()
    assert listener.understand(said) == "looks sad"
