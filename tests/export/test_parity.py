from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the export extra")

from tiny_net import request

from edge.card import Tolerance
from edge.model_folder import Golden
from export.errors import ParityError
from export.parity import Difference, compare, require, torch_emotions

pytestmark = pytest.mark.heavy

LOGITS = np.array([[2.0, -2.0, 0.1, -0.1, 8.0], [-1.0, 1.0, 3.0, -3.0, -9.0]], dtype=np.float32)


def golden() -> Golden:
    made = request()
    return Golden(np.zeros((2, 32, 32), np.uint8), LOGITS, torch_emotions(made.emotion_stage, LOGITS))


def test_equal_answers_differ_by_nothing() -> None:
    assert compare(LOGITS, golden(), request().stage()) == Difference(0.0, 0.0, 0.0, 0.0)


def test_each_difference_is_measured() -> None:
    moved = LOGITS.copy()
    moved[0, 3] = 0.1  # sigmoid(0.1) - sigmoid(-0.1) = 0.04996, and across the decision
    found = compare(moved, golden(), request().stage())
    assert found.probability == pytest.approx(0.04996, abs=1e-5)
    assert found.probability_mean == pytest.approx(0.004996, abs=1e-6)
    assert found.flipped_share == pytest.approx(0.1)


def test_an_emotion_that_changes_is_counted() -> None:
    swapped = golden()
    other = Golden(swapped.crops, LOGITS, np.roll(swapped.emotions, 1, axis=1))
    assert compare(LOGITS, other, request().stage()).emotion_share == 1.0


def test_every_mismatch_is_collected_before_anything_is_raised() -> None:
    differences = {"fp16": Difference(0.2, 0.1, 0.0, 0.5), "int8": Difference(0.01, 0.01, 0.3, 0.0)}
    allowed = dict.fromkeys(differences, Tolerance(0.1, 0.1, 0.1))
    with pytest.raises(ParityError) as caught:
        require(differences, allowed, golden(), request().stage())
    assert [(m.artefact, m.quantity, m.measured) for m in caught.value.mismatches] == [
        ("fp16", "probability", 0.2),
        ("fp16", "emotion share", 0.5),
        ("int8", "flipped share", 0.3),
    ]
    assert "int8 flipped share 0.3 (allowed 0.1)" in str(caught.value)


def test_no_number_is_a_mismatch() -> None:
    differences = {"fp16": Difference(float("nan"), 0.0, 0.0, 0.0)}
    with pytest.raises(ParityError, match="fp16 probability nan"):
        require(differences, {"fp16": Tolerance(0.1, 0.1, 0.1)}, golden(), request().stage())


def test_a_second_stage_that_differs_from_torch_is_a_mismatch() -> None:
    right = golden()
    wrong = Golden(right.crops, right.logits, right.emotions * np.float32(0.99))
    with pytest.raises(ParityError, match="emotion stage probability"):
        require({}, {}, wrong, request().stage())
