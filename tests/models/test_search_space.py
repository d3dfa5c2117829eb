"""What a search may vary is checked before a trial begins."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs the train extra")

import miniature

from models import recipe as recipes
from models.recipe import RecipeError
from models.search_space import Span, value_at, with_value

pytestmark = pytest.mark.heavy


def searched(folder: Path, space: str, head: str = "") -> Path:
    return miniature.recipe(
        folder / "tiny.toml", lines='network = "small"', tables=f"[search]\n{head}\n[search.space]\n{space}"
    )


def refusal(path: Path) -> str:
    with pytest.raises(RecipeError) as caught:
        recipes.load(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_space_is_read(tmp_path: Path) -> None:
    space = (
        '"stage[0].learning_rate" = { low = 1e-4, high = 1, log = true }\nbatch_size = { choices = [4, 8] }'
    )
    recipe = recipes.load(searched(tmp_path, space, "trials = 3"))
    assert recipe.search.trials == 3
    assert recipe.search.space == {
        "stage[0].learning_rate": Span(1e-4, 1.0, True),
        "batch_size": Span(choices=[4, 8]),
    }


@pytest.mark.parametrize(
    ("space", "fault"),
    [
        ('"stage[1].images" = { low = 8, high = 16 }', "stage[1].images: no number or text of the recipe"),
        ('"stage[0].draw.lfw" = { low = 0, high = 1 }', "stage[0].draw.lfw: no number or text"),
        ('"head.mood.weight" = { low = 0, high = 1 }', "head.mood.weight: no number or text"),
        ('"optimiser" = { low = 0, high = 1 }', "optimiser: no number or text"),
        ('"drop out" = { low = 0, high = 1 }', "drop out: no number or text"),
        ("seed = { low = 1, high = 9 }", "seed: must not vary"),
        ('"data.test_folds[0]" = { low = 1, high = 9 }', "data.test_folds[0]: must not vary"),
        ('"search.trials" = { low = 1, high = 9 }', "search.trials: must not vary"),
        ("dropout = { low = 0.3, high = 0.3 }", "dropout: low, 0.3, is not below high, 0.3"),
        ("dropout = { low = 0, high = 0.3, log = true }", "dropout: low, 0.0, is not above 0, where log"),
        ("dropout = { choices = [] }", "dropout: nothing to choose from"),
        ("dropout = {}", "dropout: nothing to choose from"),
        ("dropout = { low = 0.1, high = 0.2, choices = [0.3] }", "dropout: give low and high, or choices"),
        ('dropout = { choices = [0.1, "much"] }', "dropout: 'much' is not what stands there now, 0.3"),
        ("batch_size = { choices = [4.5] }", "batch_size: 4.5 is not what stands there now, 4"),
        ("batch_size = { low = 2.5, high = 8 }", "batch_size: low and high are not whole numbers"),
        ('"optimiser.kind" = { low = 1, high = 2 }', "optimiser.kind: a text has no low and high"),
        ('"optimiser.kind" = { choices = ["adamw", "adam"] }', "(optimiser.kind: 'adam' is not one of"),
        ("dropout = { low = 0, high = 1 }", "dropout: 1.0 makes a recipe that is wrong (dropout: 1.0 is not"),
        ("dropout = 3", "search.space.dropout: 3 is not a table"),
        ("dropout = { low = 0, height = 1 }", "search.space.dropout.height: no such key"),
        ("dropout = { low = 0, high = 1, log = 1 }", "search.space.dropout.log: 1 is not true or false"),
        ("dropout = { choices = 1 }", "search.space.dropout.choices: 1 is not a list of numbers or texts"),
    ],
)
def test_every_fault_of_a_space_is_named(tmp_path: Path, space: str, fault: str) -> None:
    assert fault in refusal(searched(tmp_path, space))


def test_several_faults_are_named_at_once(tmp_path: Path) -> None:
    space = "seed = { low = 1, high = 9 }\ndropout = { choices = [] }"
    message = refusal(searched(tmp_path, space, 'trials = 0\nobjective = "luck"'))
    assert "search.trials: 0 is not 1 or more" in message
    assert "search.objective: 'luck' is not one of units_and_emotions, units, emotions" in message
    assert "search.space.seed: " in message
    assert "search.space.dropout: " in message


@pytest.mark.parametrize(
    ("path", "before", "value"),
    [
        ("dropout", 0.3, 0.5),
        ("batch_size", 4, 8),
        ("optimiser.kind", "adamw", "sgd"),
        ("stage[0].learning_rate", 1e-3, 0.1),
        ("head.emotions.balance", 0.0, 0.5),
        ("head[0].weight", 4.0, 1.0),
        ("data.draw.lfw", 0.14, 0.5),
    ],
)
def test_one_value_changes_and_nothing_else(
    tmp_path: Path, path: str, before: float | int | str, value: float | int | str
) -> None:
    recipe = recipes.load(miniature.recipe(tmp_path / "tiny.toml"))
    changed = with_value(recipe, path, value)
    assert value_at(recipe, path) == before
    assert value_at(changed, path) == value
    assert type(value_at(changed, path)) is type(before)
    assert with_value(changed, path, before) == recipe
