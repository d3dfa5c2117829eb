"""What comes with facecue: every released net opens, answers as torch did, and its card tells the truth."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from edge import card as cards
from edge.backends.openvino_core import OpenVinoBackend
from edge.emotions import log_odds
from edge.facs import EMOTIONS, UNIT_COLUMNS
from edge.golden_check import check
from edge.model_folder import RELEASED_ROOT, ModelFolder, installed, open_folder

NAMES = ("small-au", "vgg-face-au")


@pytest.fixture(params=NAMES)
def folder(request: pytest.FixtureRequest) -> ModelFolder:
    return open_folder(RELEASED_ROOT / request.param, "int8")


def test_both_are_there() -> None:
    assert set(installed()) == set(NAMES)


def test_it_answers_on_this_processor_as_torch_did(folder: ModelFolder) -> None:
    device = OpenVinoBackend(folder, "CPU")
    try:
        assert check(folder, device).passed
    finally:
        device.close()


def test_its_golden_faces_show_different_things(folder: ModelFolder) -> None:
    golden = folder.golden()
    decided = golden.logits > 0
    assert (decided.any(axis=0) & ~decided.all(axis=0)).sum() >= 5
    assert len(set(golden.emotions.argmax(axis=1))) >= 3


def test_names_are_those_of_everything_else(folder: ModelFolder) -> None:
    assert folder.card.name == folder.path.name
    assert folder.card.action_units == UNIT_COLUMNS
    assert folder.card.emotions == EMOTIONS


def test_a_persons_own_neutral_changes_the_emotion(folder: ModelFolder) -> None:
    stage = folder.emotion_stage
    assert stage.neutral_average is not None
    drooping = stage.neutral_average.copy()
    for unit in ("AU04", "AU15", "AU17"):
        drooping[UNIT_COLUMNS.index(unit)] += 2.0
    neutral = EMOTIONS.index("neutral")
    unknown, known = stage.probabilities(drooping), stage.probabilities(drooping, drooping)
    assert known[neutral] > unknown[neutral]
    assert known[neutral] > 0.5


def test_the_average_resting_face_is_neutral(folder: ModelFolder) -> None:
    average = folder.emotion_stage.neutral_average
    assert average is not None
    assert EMOTIONS[int(folder.emotion_stage.probabilities(average).argmax())] == "neutral"
    # Nobody smiles, frowns or opens the mouth at rest.
    assert (average[[UNIT_COLUMNS.index(u) for u in ("AU04", "AU12", "AU25", "AU26")]] < 0).all()


def test_probabilities_survive_the_way_through_the_types(folder: ModelFolder) -> None:
    logits = np.linspace(-5, 5, len(UNIT_COLUMNS), dtype=np.float32)
    back = log_odds(1 / (1 + np.exp(-logits)))
    assert np.allclose(
        folder.emotion_stage.probabilities(back), folder.emotion_stage.probabilities(logits), atol=1e-4
    )


def test_the_card_says_what_it_was_trained_on_and_what_it_may_be_used_for(folder: ModelFolder) -> None:
    assert "Research and personal use" in folder.card.licence
    assert {"FER+ train", "CK+ (other folds)"} <= set(folder.card.provenance["trained_on"])
    figures = folder.card.figures["ferplus_valid"]
    assert min(figures["recall"].values()) > 0.0


def test_the_readme_shows_the_figures_of_the_card(folder: ModelFolder) -> None:
    text = (folder.path / "README.md").read_text(encoding="utf-8")
    assert folder.card.version in text
    for name in ("Known failures", "Trained on", "research and personal use", "facecue evaluate"):
        assert name in text


def test_the_small_one_is_small() -> None:
    large, small = (
        cards.read(Path(RELEASED_ROOT) / name / "card.json") for name in ("vgg-face-au", "small-au")
    )
    sizes = [
        (Path(RELEASED_ROOT) / c.name / c.artefacts["int8"].weights).stat().st_size for c in (large, small)
    ]
    assert sizes[1] * 10 < sizes[0]
    assert math.isclose(large.image_size, small.image_size)
