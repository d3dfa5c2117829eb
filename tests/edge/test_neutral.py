"""A person's own resting face: learned by stepping a clock, and what the emotions make of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from edge.action_units import ActionUnitNet
from edge.emotions import EmotionStage
from edge.faces import FaceFinder
from edge.facs import ACTION_UNITS, EMOTIONS
from edge.model_folder import ModelFolder
from edge.neutral import MOST_AWAY, STEADY_TIMES, NeutralLearner, bounded
from edge.pipeline import Pipeline
from edge.preprocess import TEMPLATE
from edge.settings import CueSettings, FacesSettings
from edge.stopwatch import Stopwatch
from edge.types import Box, Face, Float32, Frame, Reading

UNITS = tuple(ACTION_UNITS)
AVERAGE = np.full(len(UNITS), -2.0, np.float32)
SECONDS = 4.0
STEADY = STEADY_TIMES * SECONDS
FORGET = 1.0

Shown = Callable[[float], Float32]


def face(**units: float) -> Float32:
    """Log-odds of a face: those not named are the average person's at rest."""
    logits = AVERAGE.copy()
    for name, value in units.items():
        logits[UNITS.index(name)] = value
    return logits


def of(name: str, logits: Float32 | None) -> float:
    assert logits is not None
    return float(logits[UNITS.index(name)])


def stage(gain: float = 1.0, **changes: object) -> EmotionStage:
    """Lip corners pulled up are happiness, brows drawn down sadness, and nothing at all is neutral."""
    hidden = np.zeros((2, len(UNITS)), np.float32)
    hidden[0, UNITS.index("AU12")] = hidden[1, UNITS.index("AU04")] = 1.0
    output = np.zeros((len(EMOTIONS), 2), np.float32)
    output[EMOTIONS.index("happiness"), 0] = output[EMOTIONS.index("sadness"), 1] = 3.0
    bias = np.full(len(EMOTIONS), -4.0, np.float32)
    bias[[EMOTIONS.index(name) for name in ("neutral", "happiness", "sadness")]] = 2.0, 0.0, 0.0
    arrays = {
        "hidden_weight": hidden,
        "hidden_bias": np.zeros(2, np.float32),
        "output_weight": output,
        "output_bias": bias,
        "neutral_gain": np.full(len(UNITS), gain, np.float32),
        "neutral_average": AVERAGE,
    }
    return EmotionStage(UNITS, EMOTIONS, 0.4, **{**arrays, **changes})  # type: ignore[arg-type]


REST = face(AU02=-1.0, AU17=-3.0)
DROOPING = face(AU04=1.5, AU15=-0.5)
SMILE = face(AU06=2.0, AU12=4.0)


def constant(logits: Float32) -> Shown:
    return lambda now: logits


def lively(logits: Float32, *units: str) -> Shown:
    """A face in which these units swing by 3 up and down, twice a second."""
    moving = np.isin(UNITS, units).astype(np.float32)
    return lambda now: (logits + 3.0 * math.sin(4 * math.pi * now) * moving).astype(np.float32)


class Scene:
    """One person after the other in front of a learner, at a frame rate."""

    def __init__(self, rate: float = 10.0, seconds: float = SECONDS, of: EmotionStage | None = None) -> None:
        self.learner = NeutralLearner(of or stage(), seconds, 0.2, FORGET)
        self.now = 100.0
        self._step = 1.0 / rate

    def show(self, shown: Shown, seconds: float, track: int = 1, quality: float = 1.0) -> Float32 | None:
        """The neutral after these seconds."""
        neutral = None
        for _ in range(round(seconds / self._step)):
            self.now += self._step
            self.learner.keep([track], self.now)
            neutral = self.learner.update(shown(self.now), track, quality, self.now)
        return neutral


def test_a_neutral_face_is_learned_in_the_seconds_set() -> None:
    scene = Scene()
    scene.show(constant(REST), SECONDS - 0.5)
    assert not scene.learner.known(1)
    neutral = scene.show(constant(REST), 1.0)
    assert scene.learner.known(1)
    assert neutral is not None
    assert neutral.dtype == np.float32
    np.testing.assert_allclose(neutral, REST)


def test_until_then_it_is_drawn_to_the_average() -> None:
    scene = Scene()
    for seconds, share in ((1.0, 0.25), (1.0, 0.5), (1.0, 0.75)):
        neutral = scene.show(constant(REST), seconds)
        np.testing.assert_allclose(neutral, AVERAGE + share * (REST - AVERAGE), atol=0.03)


@pytest.mark.parametrize("rate", [2.0, 5.0, 30.0, 100.0])
def test_seconds_are_the_same_at_every_frame_rate(rate: float) -> None:
    scene = Scene(rate)
    neutral = scene.show(constant(REST), SECONDS / 2)
    np.testing.assert_allclose(neutral, AVERAGE + 0.5 * (REST - AVERAGE), atol=0.12)
    scene.show(constant(REST), SECONDS / 2 + 0.5)
    assert scene.learner.known(1)


def test_what_passes_quickly_leaves_no_trace() -> None:
    scene = Scene()
    twitch = face(AU02=5.0, AU17=5.0)
    neutral = scene.show(lambda now: twitch if now % 1.0 < 0.35 else REST, SECONDS + 1)
    np.testing.assert_allclose(neutral, REST)


@pytest.mark.parametrize("shown", [constant(SMILE), lively(SMILE, "AU06", "AU25", "AU26")])
def test_who_comes_smiling_or_laughing_teaches_nothing_until_the_smile_is_over(shown: Shown) -> None:
    scene = Scene()
    assert scene.show(shown, 4.0) is None
    assert scene.show(shown, 3 * STEADY) is None
    neutral = scene.show(constant(REST), SECONDS + 1)
    np.testing.assert_allclose(neutral, REST)


def test_a_faint_smile_is_no_rest_though_it_is_half_neutral() -> None:
    faint = face(AU12=0.7)
    shares = dict(zip(EMOTIONS, stage().probabilities(faint)))
    assert shares["happiness"] > shares["neutral"] > 0.35
    assert Scene().show(constant(faint), 3 * STEADY) is None


def test_a_drooping_resting_face_is_learned_because_it_keeps_still() -> None:
    assert max(zip(stage().probabilities(DROOPING), EMOTIONS))[1] == "sadness"
    scene = Scene()
    assert scene.show(constant(DROOPING), STEADY - 0.5) is None
    neutral = scene.show(constant(DROOPING), 1.0)
    assert scene.learner.known(1)
    # Bounded where it differs by more: what was mistaken for rest is still an expression.
    np.testing.assert_allclose(neutral, face(AU04=0.0, AU15=-0.5))
    assert of("AU04", neutral) == -2.0 + MOST_AWAY


def test_of_a_drooping_face_that_talks_what_keeps_still_is_learned() -> None:
    scene = Scene()
    talking = lively(DROOPING, "AU15", "AU18", "AU25", "AU26")
    neutral = scene.show(talking, STEADY + 1)
    assert scene.learner.known(1)
    np.testing.assert_allclose(neutral, face(AU04=0.0))


def test_a_sadness_that_moves_is_no_rest() -> None:
    scene = Scene()
    for _ in range(8):
        scene.show(constant(face(AU04=1.0)), 2.0)
        scene.show(constant(face(AU04=4.0)), 2.0)
    neutral = scene.show(constant(face(AU04=1.0)), 0.5)
    assert neutral is None or of("AU04", neutral) == AVERAGE[UNITS.index("AU04")]


def test_a_face_that_moves_all_over_is_no_rest() -> None:
    scene = Scene()
    moving = lively(DROOPING, *[unit for unit in UNITS if unit not in ("AU04", "AU12")])
    assert scene.show(moving, 3 * STEADY) is None


def test_who_was_neutral_and_is_sad_for_long_stays_sad() -> None:
    scene = Scene()
    before = scene.show(constant(REST), SECONDS + 1)
    after = scene.show(constant(DROOPING), 10 * STEADY)
    np.testing.assert_array_equal(before, after)


def test_a_little_neutral_is_enough_to_know_that_stillness_is_sadness() -> None:
    scene = Scene()
    scene.show(constant(REST), 1.2)
    scene.show(constant(DROOPING), 3 * STEADY)
    assert not scene.learner.known(1)
    neutral = scene.show(constant(REST), SECONDS)
    assert scene.learner.known(1)
    np.testing.assert_allclose(neutral, REST)


def test_who_talks_all_the_time_is_learned() -> None:
    scene = Scene()
    neutral = scene.show(lively(REST, "AU25", "AU26"), SECONDS + 1)
    assert scene.learner.known(1)
    np.testing.assert_allclose(neutral, REST, atol=0.3)


def test_pictures_of_poor_quality_teach_nothing() -> None:
    scene = Scene()
    assert scene.show(constant(REST), 3 * STEADY, quality=0.1) is None
    # Nor does the time they took count for the picture after them.
    neutral = scene.show(constant(REST), 0.1)
    assert 0 < np.abs(neutral - AVERAGE).max() < 0.2  # type: ignore[operator]


def test_who_comes_back_is_learned_anew() -> None:
    scene = Scene()
    scene.show(constant(REST), SECONDS + 1)
    scene.now += FORGET + 0.1
    scene.learner.keep([], scene.now)
    assert not scene.learner.known(1)
    neutral = scene.show(constant(SMILE), 0.5, track=2)
    assert neutral is None


def test_two_people_are_kept_apart_and_who_is_in_view_is_not_forgotten() -> None:
    scene = Scene()
    scene.show(constant(REST), SECONDS + 1, track=1)
    other = face(AU01=-1.0)
    for _ in range(60):
        scene.now += 0.1
        scene.learner.keep([1, 2], scene.now)
        scene.learner.update(other, 2, 1.0, scene.now)
    assert scene.learner.known(1)
    assert scene.learner.known(2)
    np.testing.assert_allclose(scene.learner.update(SMILE, 1, 1.0, scene.now), REST)
    np.testing.assert_allclose(scene.learner.update(SMILE, 2, 1.0, scene.now), other)


def test_a_reset_forgets_everybody() -> None:
    scene = Scene()
    scene.show(constant(REST), SECONDS + 1)
    scene.learner.reset()
    assert not scene.learner.known(1)
    assert scene.learner.update(SMILE, 1, 1.0, scene.now) is None


def test_switched_off_or_without_an_average_nothing_is_learned() -> None:
    plain = stage(neutral_gain=None, neutral_average=None)
    for scene in (Scene(seconds=0.0), Scene(of=plain)):
        assert scene.show(constant(REST), 3 * STEADY) is None
        assert not scene.learner.known(1)


def test_a_clock_that_is_set_back_is_survived() -> None:
    scene = Scene()
    scene.show(constant(REST), 1.0)
    scene.now -= 50.0
    scene.show(constant(REST), SECONDS)
    assert scene.learner.known(1)


def test_the_bound_holds_on_both_sides() -> None:
    away = np.linspace(-5, 5, len(UNITS), dtype=np.float32)
    np.testing.assert_allclose(bounded(AVERAGE + away, AVERAGE) - AVERAGE, np.clip(away, -2, 2), atol=1e-6)


class Net:
    """A device that answers with what it was told to: float32 [1, K]."""

    device = description = "FAKE"

    def __init__(self) -> None:
        self.logits = AVERAGE

    def infer(self, image: np.ndarray) -> np.ndarray:
        return self.logits[None]

    def close(self) -> None: ...


class Finder(FaceFinder):
    """Finds a face in the middle of every picture that is not black."""

    def find(self, frame: Frame) -> list[Face]:
        if not frame.image.any():
            return []
        return [Face(Box(50, 50, 100, 100), (TEMPLATE * 100 + 50).astype(np.float32), 0.9)]


class Film:
    """A pipeline that is shown faces at ten pictures a second."""

    def __init__(self, tiny: ModelFolder, settings: CueSettings, gain: float = 1.0) -> None:
        self._net = Net()
        card = replace(tiny.card, action_units=UNITS)
        net = ActionUnitNet(self._net, card)
        self._pipeline = Pipeline(Finder(FacesSettings()), net, stage(gain), settings, Stopwatch())
        self._image = np.random.default_rng(3).integers(0, 256, (200, 200, 3), dtype=np.uint8)
        self._index = 0
        self.labels: list[str] = []

    def show(self, logits: Float32 | None, seconds: float) -> Reading | None:
        """The reading after these seconds; None shows nobody."""
        image = self._image if logits is not None else np.zeros_like(self._image)
        if logits is not None:
            self._net.logits = logits
        reading = None
        for _ in range(round(seconds * 10)):
            now = self._index / 10
            step = self._pipeline.step(Frame(image, self._index, now), now)
            self._index += 1
            self.labels += [cue.label for cue in step.cues]
            reading = step.reading
        return reading


def named(reading: Reading | None) -> tuple[str, bool]:
    assert reading is not None
    return reading.emotion.name, reading.neutral_known


def test_a_sad_looking_resting_face_becomes_neutral_and_real_sadness_stays_sad(tiny: ModelFolder) -> None:
    film = Film(tiny, CueSettings(levels=["emotion"]))
    assert named(film.show(DROOPING, 3.0)) == ("sadness", False)
    assert named(film.show(DROOPING, 10.0)) == ("neutral", True)
    assert named(film.show(face(AU04=4.0, AU15=2.0), 2.0)) == ("sadness", True)
    assert named(film.show(DROOPING, 2.0)) == ("neutral", True)
    assert named(film.show(SMILE, 2.0)) == ("happiness", True)
    assert film.labels == ["person_ahead", "sadness", "neutral", "sadness", "neutral", "happiness"]
    # Who comes back is somebody else until the face is known again.
    assert film.show(None, 3.0) is None
    assert named(film.show(DROOPING, 2.0)) == ("sadness", False)


def test_units_and_movements_are_told_as_they_are(tiny: ModelFolder) -> None:
    film = Film(tiny, CueSettings())
    before, after = film.show(DROOPING, 3.0), film.show(DROOPING, 10.0)
    assert before is not None and after is not None
    assert before.units == after.units
    assert before.emotion.probabilities != after.emotion.probabilities


@pytest.mark.parametrize(("seconds", "gain"), [(0.0, 1.0), (4.0, 0.0)])
def test_without_learning_or_without_a_gain_everything_is_as_before(
    tiny: ModelFolder, seconds: float, gain: float
) -> None:
    film = Film(tiny, CueSettings(neutral_seconds=seconds), gain)
    before, after = film.show(DROOPING, 3.0), film.show(DROOPING, 10.0)
    assert before is not None and after is not None
    assert before.emotion.probabilities == after.emotion.probabilities
    assert after.neutral_known == (seconds > 0)
