"""Second stage: from action units to emotions and attitude."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_model import UNITS, weights

from edge.emotions import LOGIT_LIMIT, EmotionStage, attitudes_of, log_odds, probability
from edge.facs import ATTITUDE_OF, ATTITUDES, EMOTIONS
from edge.types import UNSURE, ActionUnits

ARRAYS = {name: weights()[name] for name in EmotionStage.ARRAYS}


def stage(unsure_below: float = 0.4, emotions: tuple[str, ...] = EMOTIONS, **changes: object) -> EmotionStage:
    return EmotionStage(UNITS, emotions, unsure_below, **{**ARRAYS, **changes})  # type: ignore[arg-type]


def units(rng: np.random.Generator) -> ActionUnits:
    return ActionUnits({name: float(p) for name, p in zip(UNITS, rng.uniform(0, 1, len(UNITS)))})


def test_probabilities_sum_to_one_whatever_the_units_are() -> None:
    rng = np.random.default_rng(5)
    logits = (rng.standard_normal((50, len(UNITS))) * rng.uniform(0, 50, (50, 1))).astype(np.float32)
    found = stage().probabilities(logits)
    assert found.shape == (50, 8)
    assert found.dtype == np.float32
    assert (found >= 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-5)
    assert len(set(found.argmax(axis=1).tolist())) > 1


def test_one_face_is_answered_as_in_a_batch() -> None:
    logits = np.random.default_rng(6).standard_normal((4, len(UNITS))).astype(np.float32)
    together = stage().probabilities(logits)
    for alone, row in zip(logits, together):
        np.testing.assert_allclose(stage().probabilities(alone), row, atol=1e-6)


def test_evidence_beyond_the_limit_counts_no_more() -> None:
    big = np.full(len(UNITS), LOGIT_LIMIT, np.float32)
    np.testing.assert_array_equal(stage().probabilities(big), stage().probabilities(big * 1e6))
    assert np.isfinite(stage().probabilities(-big * 1e30)).all()


@pytest.mark.parametrize("name", EmotionStage.ARRAYS)
def test_arrays_of_the_wrong_shape_are_refused_by_name(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} has the shape"):
        stage(**{name: ARRAYS[name][..., :-1]})


def test_fewer_names_than_outputs_are_refused() -> None:
    with pytest.raises(ValueError, match="output_weight has the shape"):
        stage(emotions=EMOTIONS[:7])


def test_what_is_under_the_threshold_is_unsure() -> None:
    face = units(np.random.default_rng(7))
    emotion, attitude = stage(unsure_below=0.0).read(face)
    assert emotion.name == max(emotion.probabilities, key=lambda n: emotion.probabilities[n])
    assert emotion.confidence == emotion.probabilities[emotion.name]
    assert attitude.name in ATTITUDES
    just_above = stage(unsure_below=emotion.confidence + 1e-6).read(face)[0]
    assert just_above.name == UNSURE
    assert just_above.confidence == emotion.confidence
    assert just_above.probabilities == emotion.probabilities
    assert stage(unsure_below=emotion.confidence - 1e-6).read(face)[0].name == emotion.name


def test_attitudes_are_sums_of_emotions() -> None:
    emotion, attitude = stage().read(units(np.random.default_rng(8)))
    for name in ATTITUDES:
        wanted = sum(p for e, p in emotion.probabilities.items() if ATTITUDE_OF[e] == name)
        assert attitude.probabilities[name] == pytest.approx(wanted)
    assert sum(attitude.probabilities.values()) == pytest.approx(1.0, abs=1e-5)
    assert attitudes_of(dict.fromkeys(EMOTIONS, 0.125)) == {
        "positive": 0.125,
        "neutral": 0.25,
        "negative": 0.625,
    }


def test_reading_units_is_the_same_as_reading_their_log_odds() -> None:
    face = units(np.random.default_rng(9))
    logits = log_odds(np.array([face.scores[u] for u in UNITS], np.float32))
    np.testing.assert_allclose(
        list(stage().read(face)[0].probabilities.values()), stage().probabilities(logits), atol=1e-6
    )


GAIN = np.linspace(0.0, 1.0, len(UNITS), dtype=np.float32)
AVERAGE = np.linspace(-3.0, 1.0, len(UNITS), dtype=np.float32)


def test_a_persons_own_neutral_is_taken_off_shrunk_by_the_gain() -> None:
    rng = np.random.default_rng(10)
    logits = (rng.standard_normal((20, len(UNITS))) * 4).astype(np.float32)
    neutral = (AVERAGE + rng.standard_normal(len(UNITS))).astype(np.float32)
    made = stage(neutral_gain=GAIN, neutral_average=AVERAGE)
    found = made.probabilities(logits, neutral)
    np.testing.assert_array_equal(found, stage().probabilities(logits - GAIN * (neutral - AVERAGE)))
    assert np.abs(found - made.probabilities(logits)).max() > 0.05


def test_who_is_not_known_is_the_average_person() -> None:
    logits = np.random.default_rng(11).standard_normal((20, len(UNITS))).astype(np.float32)
    made = stage(neutral_gain=GAIN, neutral_average=AVERAGE)
    np.testing.assert_array_equal(made.probabilities(logits), stage().probabilities(logits))
    np.testing.assert_array_equal(made.probabilities(logits, AVERAGE), stage().probabilities(logits))


def test_a_stage_without_a_gain_ignores_the_neutral() -> None:
    logits = np.random.default_rng(12).standard_normal((20, len(UNITS))).astype(np.float32)
    np.testing.assert_array_equal(stage().probabilities(logits, AVERAGE), stage().probabilities(logits))
    assert stage().neutral_average is None


def test_units_are_clipped_after_the_neutral_is_taken_off() -> None:
    made = stage(neutral_gain=np.ones_like(GAIN), neutral_average=np.zeros_like(GAIN))
    face = ActionUnits({name: float(p) for name, p in zip(UNITS, probability(np.full(len(UNITS), 8.0)))})
    neutral = np.full(len(UNITS), 4.0, np.float32)
    found = list(made.read(face, neutral)[0].probabilities.values())
    wanted = stage().probabilities(np.full(len(UNITS), 4.0, np.float32))
    np.testing.assert_allclose(found, wanted, atol=1e-3)
    assert np.abs(wanted - stage().probabilities(np.full(len(UNITS), 2.0, np.float32))).max() > 0.01


@pytest.mark.parametrize(
    ("arrays", "why"),
    [
        ({"neutral_gain": GAIN}, "must be there both or not at all"),
        ({"neutral_average": AVERAGE}, "must be there both or not at all"),
        ({"neutral_gain": GAIN[:-1], "neutral_average": AVERAGE}, "neutral_gain has the shape"),
        ({"neutral_gain": GAIN, "neutral_average": AVERAGE[:-1]}, "neutral_average has the shape"),
        ({"neutral_gain": GAIN + 0.1, "neutral_average": AVERAGE}, "neutral_gain is not between 0 and 1"),
        ({"neutral_gain": -GAIN, "neutral_average": AVERAGE}, "neutral_gain is not between 0 and 1"),
        ({"neutral_gain": GAIN * np.nan, "neutral_average": AVERAGE}, "is not between 0 and 1"),
    ],
)
def test_a_gain_that_cannot_be_used_is_refused(arrays: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        stage(**arrays)


def test_log_odds_and_probability_are_inverse() -> None:
    p = np.array([0.01, 0.3, 0.5, 0.9], np.float32)
    np.testing.assert_allclose(probability(log_odds(p)), p, atol=1e-6)
    assert log_odds(np.array([0.0, 1.0], np.float32)).tolist() == [-LOGIT_LIMIT, LOGIT_LIMIT]
    extremes = probability(np.array([-1e30, 0.0, 1e30], np.float32))
    assert extremes[1] == 0.5
    assert 0.0 <= extremes[0] < 1e-9
    assert 1 - 1e-6 < extremes[2] <= 1.0
