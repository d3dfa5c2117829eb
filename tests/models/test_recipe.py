"""Recipes are checked key by key before anything begins."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import miniature
import pytest

from models import recipe as recipes
from models.recipe import RecipeError

SHIPPED = sorted((Path(recipes.__file__).parent / "recipes").glob("*.toml"))


def refusal(path: Path, text: str) -> str:
    path.write_text(text)
    with pytest.raises(RecipeError) as caught:
        recipes.load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}")
    assert "\n" not in message
    return message


def test_there_are_shipped_recipes() -> None:
    assert "vgg-face-au.toml" in [path.name for path in SHIPPED]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_recipes_load(path: Path) -> None:
    recipe = recipes.load(path)
    assert recipe.name == path.stem
    # What the same file says after a copy, so that a checkpoint knows its recipe again.
    assert asdict(recipes.load(path)) == asdict(recipe)


def test_what_is_left_out_has_a_default(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_text('name = "r"\n[[stage]]\nimage_size = 48\nimages = 640\nlearning_rate = 1\n')
    recipe = recipes.load(path)
    assert recipe.data.test_folds == [0, 1]
    assert recipe.stage[0].freeze_blocks == 0
    assert type(recipe.stage[0].learning_rate) is float


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"nowhere.toml cannot be read: No such file"):
        recipes.load(tmp_path / "nowhere.toml")


@pytest.mark.parametrize("raw", [b"name = ", b"name = \xff\xfe", b"a = 1\na = 2"])
def test_wrong_toml(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "r.toml"
    path.write_bytes(raw)
    with pytest.raises(RecipeError, match=r"r\.toml is not valid TOML: "):
        recipes.load(path)


def test_every_missing_key_is_named(tmp_path: Path) -> None:
    message = refusal(tmp_path / "r.toml", "[[stage]]\nimages = 640\n")
    assert "name: missing" in message
    assert "stage[0].image_size: missing" in message
    assert "stage[0].learning_rate: missing" in message


def test_every_unknown_key_and_wrong_type_is_named(tmp_path: Path) -> None:
    message = refusal(
        tmp_path / "r.toml",
        """
        name = 3
        seed = 1.5
        sede = 1
        dropout = "much"
        batch_size = true
        loss = 4
        [data]
        test_folds = ["a"]
        folds = []
        draw = { ferplus = "all" }
        [[stage]]
        image_size = "48"
        images = 640
        learning_rate = nan
        layers = 3
        """,
    )
    for fault in (
        "name: 3 is not a text",
        "seed: 1.5 is not a whole number",
        "sede: no such key (known: average_decay, batch_size, ",
        "dropout: 'much' is not a number",
        "batch_size: True is not a whole number",
        "loss: 4 is not a table",
        "data.test_folds: ['a'] is not a list of whole numbers",
        "data.folds: no such key (known: calibration_folds, ",
        "data.draw: {'ferplus': 'all'} is not a table of numbers",
        "stage[0].image_size: '48' is not a whole number",
        "stage[0].learning_rate: nan is not a number",
        "stage[0].layers: no such key (known: first_pool, ",
    ):
        assert fault in message


@pytest.mark.parametrize("stage", ["stage = 3", "stage = [3]", "[stage]\nimages = 640"])
def test_stages_that_are_no_tables(tmp_path: Path, stage: str) -> None:
    message = refusal(tmp_path / "r.toml", f'name = "r"\n{stage}\n')
    assert "stage: " in message
    assert "is not a list of tables: write [[stage]]" in message


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"lines": 'name = "r"'}, "Cannot overwrite a value"),
        ({"lines": "seed = -1"}, "seed: -1 is not 0 or more"),
        ({"lines": "dropout = 1.0"}, "dropout: 1.0 is not from 0 to below 1"),
        ({"lines": "average_decay = 1.5"}, "average_decay: 1.5 is not from 0 to below 1"),
        ({"lines": "weight_decay = -1"}, "weight_decay: -1.0 is not 0 or more"),
        ({"lines": "checkpoint_every = 0"}, "checkpoint_every: 0 is not 1 or more"),
        ({"data": "rare_emotion_cap = 0.5"}, "data.rare_emotion_cap: 0.5 is not 1 or more"),
        ({"data": "draw = { fer = 1 }"}, "data.draw: {'fer': 1.0} is not shares of ferplus, ckplus, lfw"),
        ({"data": "draw = { lfw = 0 }"}, "data.draw: {'lfw': 0.0} is not shares"),
        ({"data": "test_folds = []"}, "data.test_folds: [] is not a list of folds from 0 to 9"),
        ({"data": "test_folds = [10]"}, "data.test_folds: [10] is not a list of folds from 0 to 9"),
        ({"data": "test_folds = [2, 3]"}, "data.calibration_folds: [2] is not apart from data.test_folds"),
        ({"loss": "emotions = -1"}, "loss.emotions: -1.0 is not 0 or more"),
        ({"stages": "stage = []"}, "stage: [] is not one [[stage]] or more"),
    ],
)
def test_values_with_which_training_would_not_mean_what_it_says(
    tmp_path: Path, changes: dict[str, str], fault: str
) -> None:
    path = miniature.recipe(tmp_path / "r.toml", **changes)
    if changes.get("stages", "").startswith("stage"):
        path.write_text('name = "r"\nstage = []\n')
    assert fault in refusal(path, path.read_text())


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("image_size = 8", "stage[0].image_size: 8 is not from 32 to 1024"),
        ("images = 3", "stage[0].images: 3 is not a batch or more"),
        ("learning_rate = 0", "stage[0].learning_rate: 0.0 is not above 0"),
        ("freeze_blocks = 6", "stage[0].freeze_blocks: 6 is not from 0 to 5"),
        ("first_pool = 3", "stage[0].first_pool: 3 is not 2 or 4"),
    ],
)
def test_stages_that_could_not_run(tmp_path: Path, line: str, fault: str) -> None:
    key = line.partition(" ")[0]
    lines = {"image_size": "image_size = 32", "images": "images = 12", "learning_rate": "learning_rate = 1"}
    stages = "[[stage]]\n" + "\n".join({**lines, key: line}.values())
    path = miniature.recipe(tmp_path / "r.toml", stages=stages)
    assert fault in refusal(path, path.read_text())


@pytest.mark.parametrize("name", ["", "..", "a/b"])
def test_a_name_that_is_no_folders_name(tmp_path: Path, name: str) -> None:
    text = miniature.recipe(tmp_path / "r.toml").read_text().replace('"tiny"', f'"{name}"')
    assert f"name: {name!r} is not a folder's name" in refusal(tmp_path / "r.toml", text)


def test_a_precision_that_does_not_exist(tmp_path: Path) -> None:
    text = miniature.recipe(tmp_path / "r.toml").read_text().replace('"float32"', '"float16"')
    assert "precision: 'float16' is not one of auto, bfloat16, float32" in refusal(tmp_path / "r.toml", text)


def test_several_values_are_named_at_once(tmp_path: Path) -> None:
    path = miniature.recipe(tmp_path / "r.toml", lines="seed = -1", data="rare_emotion_cap = 0.5")
    message = refusal(path, path.read_text())
    assert "seed: -1" in message
    assert "data.rare_emotion_cap: 0.5" in message
