"""The short sounds before cues: which, how long, how loud, how different."""

from __future__ import annotations

import numpy as np
import pytest

from edge import earcons
from edge.cues.catalogue import HEALTH_PHRASES, HINT_PHRASES
from edge.settings import EARCONS, SpeechSettings
from edge.speech.phrase import SAMPLE_RATE
from edge.types import Cue, Priority


def cue(kind: str, label: str) -> Cue:
    return Cue(kind, label, label, Priority.NORMAL, 0.0, 2.0)


@pytest.mark.parametrize("name", EARCONS)
def test_each_is_short_begins_and_ends_softly_and_fits_the_voice(name: str) -> None:
    for loudness in (500.0, 3000.0, 9000.0):
        sound = earcons.sound(name, loudness)
        assert 0.04 <= sound.seconds <= 0.15
        assert sound.sample_rate == SAMPLE_RATE
        assert sound.loudness == pytest.approx(earcons.OF_VOICE * loudness, rel=0.01)
        edges = np.abs(sound.samples[[0, 1, -2, -1]].astype(int))
        assert edges.max() < 0.02 * np.abs(sound.samples.astype(int)).max()


def test_none_is_clipped_beside_the_loudest_voice() -> None:
    for name in EARCONS:
        samples = earcons.sound(name, 16000.0).samples.astype(int)
        assert np.count_nonzero(np.abs(samples) == 32767) == 0


def test_they_are_told_apart_by_their_melody() -> None:
    def steps(name: str) -> tuple[int, ...]:
        notes = [frequency for frequency, _ in earcons.MELODIES[name]]
        return tuple(int(np.sign(after - before)) for before, after in zip(notes, notes[1:]))

    assert len({steps(name) for name in EARCONS}) == len(EARCONS)


@pytest.mark.parametrize(
    ("kind", "label", "name"),
    [
        ("person", "person_ahead", "person"),
        ("health", "camera_lost", "error"),
        ("health", "camera_absent", "error"),
        ("health", "cannot_go_on", "error"),
        ("health", "camera_found", ""),
        ("health", "ready", ""),
        ("cue", "smile", ""),
        ("answer", "muted", ""),
    ],
)
def test_each_cue_has_its_sound_unless_it_is_switched_off(kind: str, label: str, name: str) -> None:
    assert earcons.of_cue(cue(kind, label), EARCONS) == name
    assert earcons.of_cue(cue(kind, label), [each for each in EARCONS if each != name]) == ""


def test_every_hint_is_heralded() -> None:
    assert {earcons.of_cue(cue("hint", label), EARCONS) for label in HINT_PHRASES} == {"aim"}


def test_the_defaults_and_the_names_are_one() -> None:
    assert tuple(SpeechSettings().earcons) == EARCONS
    assert set(earcons.MELODIES) == set(EARCONS)
    assert any(label.endswith(earcons.TROUBLE) for label in HEALTH_PHRASES)
