# ruff: noqa: E402 - without the train extra this module is skipped before its imports
"""The shipped recipes are general: each loads, is written and read back, and the small ones train."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("tqdm", reason="needs the train extra")

from models import recipe as recipes
from models import recipe_write
from models.assemble import TrainingData
from models.finish import load_average
from models.recipe import Recipe
from models.train import train

pytestmark = pytest.mark.heavy
ROOT = Path(__file__).resolve().parents[2]
SHIPPED = sorted((ROOT / "models" / "recipes").glob("*.toml"))
OTHER_TASKS = ("attitude", "emotions", "happiness")


def shrunk(recipe: Recipe) -> Recipe:
    """The same with two steps of four pictures per stage."""
    stages = [replace(stage, image_size=32, images=8) for stage in recipe.stage]
    return replace(recipe, batch_size=4, precision="float32", stage=stages)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_is_written_is_read_back(path: Path, tmp_path: Path) -> None:
    recipe = recipes.load(path)
    recipe_write.write(recipe, tmp_path / "again.toml", "a comment")
    assert recipes.load(tmp_path / "again.toml") == recipe
    assert [p.name for p in tmp_path.iterdir()] == ["again.toml"]


def test_odd_texts_and_numbers_survive(tmp_path: Path) -> None:
    recipe = recipes.load(SHIPPED[0])
    odd = replace(recipe, name='a "quoted" \\ name \x7f é 😀', start="C:\\weights\tfile", dropout=1e-7)
    stage = replace(odd.stage[0], learning_rate=0.1 + 0.2, draw={"ferplus": 1e-20})
    odd = replace(odd, stage=[stage])
    recipe_write.write(odd, tmp_path / "odd.toml")
    assert recipes.load(tmp_path / "odd.toml") == odd


@pytest.mark.parametrize("name", OTHER_TASKS)
def test_other_tasks_are_short_recipes_that_train(name: str, sets: TrainingData, tmp_path: Path) -> None:
    path = ROOT / "models" / "recipes" / f"{name}.toml"
    assert len(path.read_text().splitlines()) < 40
    recipe = shrunk(recipes.load(path))
    assert recipe.network == "small"

    net = load_average(recipe, train(recipe, sets, tmp_path, workers=1))

    row = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[0])
    assert {head.name for head in recipe.head} <= set(row)
    answers = net(torch.zeros(2, 3, 32, 32))
    widths = {"attitude": ("attitude", 3), "emotions": ("direct_emotions", 8), "happiness": ("happy", 1)}
    head, width = widths[name]
    assert answers[head].shape == (2, width)


def documented(start: str) -> str:
    """The example in the document that begins like this."""
    text = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    (found,) = (
        block for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL) if block.startswith(start)
    )
    return found


def test_the_documents_recipe_for_own_pictures_is_one(tmp_path: Path) -> None:
    stage = "[[stage]]\nimage_size = 48\nimages = 640\nlearning_rate = 1e-3\n"
    path = tmp_path / "documented.toml"
    example = documented("[data]")
    path.write_text(f'name = "documented"\n{example}\n{stage}', encoding="utf-8")
    recipe = recipes.load(path)
    assert recipe.data.own == "mine" and recipe.draw(recipe.stage[0])["own"] == 0.3


def test_the_documents_search_space_is_one(tmp_path: Path) -> None:
    stage = "[[stage]]\nimage_size = 48\nimages = 640\nlearning_rate = 1e-3\n"
    path = tmp_path / "documented.toml"
    example = documented("[search]")
    path.write_text(f'name = "documented"\n{example}\n{stage}{stage}', encoding="utf-8")
    assert len(recipes.load(path).search.space) == 4


def test_every_key_is_documented() -> None:
    text = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    tables = (
        *(recipes.Recipe, recipes.Head, recipes.Stage, recipes.DataRecipe),
        *(recipes.OptimiserRecipe, recipes.DistilRecipe, recipes.SearchRecipe),
    )
    keys = {key for table in tables for key in table.__dataclass_fields__}
    named = set(re.findall(r"\w+", " ".join(re.findall(r"`+[^`]+`+", text))))
    assert keys <= named
