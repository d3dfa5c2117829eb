"""Every phrase in every language: there, short, and no more than a face can show."""

from __future__ import annotations

import re

import pytest

from edge.cues.catalogue import ENGLISH, GROUPS, MAYBE_PHRASES, PHRASES, Catalogue, vocabulary
from edge.cues.language import LANGUAGES
from edge.cues.movements import MOVEMENTS
from edge.facs import ATTITUDES, EMOTIONS

MOST_WORDS = 4
ABOUT_PEOPLE = ("presence", "movements", "attitudes", "emotions", "maybe", "talking", "hints")

LOOKS = {
    "en": r"(maybe )?looks \w+",
    # "parece" only with an adjective of one form for all; else a noun, so that nobody's gender is guessed.
    "es": r"(quizá )?(parece \w+[^oa]|cara de \w+|expresión \w+)",
    "de": r"sieht (vielleicht )?\w+ aus",
    # Adverbs, which have no gender.
    "cs": r"(možná )?vypadá \w+[eě]",
}
MAYBE = {"en": "maybe", "es": "quizá", "de": "vielleicht", "cs": "možná"}

IS = {
    "en": "is are was were has seems-to-be",
    "es": "es está son están era",
    "de": "ist sind war hat",
    "cs": "je jsou byl byla má",
}
"""Of a person; "looks" and movements say all there is to see."""
NEVER = {
    "en": "lie lies lying liar truth honest ill sick pain depress anxi autis stress mental patient drunk",
    "es": "mient mentir verdad sincer enferm dolor depresi ansi autis estrés mental paciente",
    "de": "lüg wahrheit ehrlich krank schmerz depress angststör autis stress geistes patient",
    "cs": "lže lež lhář pravd upřímn nemoc bolest depres úzkost autis stres pacient duševn",
}
"""Beginnings of words of diagnosis and lie detection."""

languages = pytest.mark.parametrize("language", LANGUAGES)


def people(catalogue: Catalogue) -> dict[str, str]:
    """Key -> phrase of what is said of the people in front."""
    return {key: catalogue.phrase(key) for name in ABOUT_PEOPLE for key in GROUPS[name]}


@languages
def test_every_phrase_is_short_and_complete(language: str) -> None:
    catalogue = Catalogue(language)
    for key in PHRASES:
        text = catalogue.phrase(key)
        assert 1 <= len(text.split()) <= MOST_WORDS, (key, text)
        # Letters and blanks: no placeholder, no figure, nothing that a voice would spell.
        assert all(letter.isalpha() or letter == " " for letter in text), (key, text)
        assert text == text.strip()


@languages
def test_no_two_keys_sound_the_same(language: str) -> None:
    texts = Catalogue(language).vocabulary()
    assert len(texts) == len({text.casefold() for text in texts}) == len(PHRASES)


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "en"])
def test_nothing_is_left_in_english(language: str) -> None:
    catalogue = Catalogue(language)
    assert [key for key, text in PHRASES.items() if catalogue.phrase(key) == text] == []


def test_what_is_in_two_groups_is_the_same_in_both() -> None:
    for group in GROUPS.values():
        assert {key: PHRASES[key] for key in group} == group


def test_whatever_a_face_is_read_as_has_a_phrase_and_a_doubtful_one() -> None:
    labels = [*MOVEMENTS, *EMOTIONS, *ATTITUDES]
    assert [label for label in labels if label not in PHRASES] == []
    assert {f"maybe_{label}" for label in labels} == set(MAYBE_PHRASES)


@languages
def test_a_face_looks_like_something_and_nobody_is_anything(language: str) -> None:
    catalogue = Catalogue(language)
    for label in (*EMOTIONS, *ATTITUDES):
        for key in (label, f"maybe_{label}"):
            assert re.fullmatch(LOOKS[language], catalogue.phrase(key)), catalogue.phrase(key)
    for key, text in people(catalogue).items():
        assert not set(text.casefold().split()) & set(IS[language].split()), (key, text)


@languages
def test_nothing_is_diagnosed_and_nobody_called_a_liar(language: str) -> None:
    beginnings = tuple(NEVER[language].split())
    for key in PHRASES:
        text = Catalogue(language).phrase(key).casefold()
        assert not any(word.startswith(beginnings) for word in text.split()), (key, text)


@languages
def test_maybe_comes_before_what_it_doubts(language: str) -> None:
    catalogue, maybe = Catalogue(language), MAYBE[language]
    for key, text in ((key, catalogue.phrase(key)) for key in PHRASES):
        assert (maybe in text.split()) == key.startswith("maybe_"), (key, text)
    for label in MOVEMENTS:
        assert catalogue.phrase(f"maybe_{label}").split()[0] == maybe
    for label in (*EMOTIONS, *ATTITUDES):
        words = catalogue.phrase(f"maybe_{label}").split()
        told = set(catalogue.phrase(label).split())
        # Where the sentence begins with the verb, as in German, that verb claims nothing yet.
        assert [w for w in words[: words.index(maybe)] if w in told] in ([], ["sieht"])


def test_english_texts_are_those_that_other_programs_compare() -> None:
    assert ENGLISH.phrase("happiness") == "looks happy"
    assert ENGLISH.phrase("brows_raised") == "eyebrows raised"
    assert ENGLISH.phrase("person_left") == "person on the left"
    assert ENGLISH.phrase("camera_lost") == "camera lost"
    assert ENGLISH.phrase("no_face") == "nobody there"
    assert vocabulary() == list(PHRASES.values())


def test_several_phrases_are_one_breath() -> None:
    assert ENGLISH.listed(["smile", "brows_raised"]) == "smiling, eyebrows raised"
    assert Catalogue("cs").listed(["person_left"]) == "osoba vlevo"


def test_a_key_that_is_not_there_is_an_error_and_no_silence() -> None:
    assert "smile" in ENGLISH
    assert "grin" not in ENGLISH
    with pytest.raises(KeyError, match="grin"):
        ENGLISH.phrase("grin")
