"""Recipes are checked key by key before anything begins."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import miniature
import pytest

from models import recipe as recipes
from models.recipe import RecipeError


def optimiser(line: str) -> dict[str, str]:
    return {"tables": f"[optimiser]\n{line}"}


def head(**changes: dict[str, object]) -> dict[str, str]:
    return {"tables": miniature.heads(**changes)}


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
        optimiser = 4
        [data]
        test_folds = ["a"]
        folds = []
        draw = { ferplus = "all" }
        [[stage]]
        image_size = "48"
        images = 640
        learning_rate = nan
        layers = 3
        weights = { emotions = "all" }
        [[head]]
        name = "mood"
        colour = "red"
        """,
    )
    for fault in (
        "name: 3 is not a text",
        "seed: 1.5 is not a whole number",
        "sede: no such key (known: average_decay, batch_size, ",
        "dropout: 'much' is not a number",
        "batch_size: True is not a whole number",
        "optimiser: 4 is not a table",
        "data.test_folds: ['a'] is not a list of whole numbers",
        "data.folds: no such key (known: calibration_folds, ",
        "data.draw: {'ferplus': 'all'} is not a table of numbers",
        "stage[0].image_size: '48' is not a whole number",
        "stage[0].learning_rate: nan is not a number",
        "stage[0].layers: no such key (known: cached_copies, ",
        "stage[0].weights: {'emotions': 'all'} is not a table of numbers",
        "head[0].colour: no such key (known: balance, ",
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
        ({"lines": "shared_stages = 2"}, "shared_stages: 2 is not a number of the stages"),
        ({"lines": 'network = "resnet"'}, "network: 'resnet' is not one of vgg16, small"),
        (optimiser("weight_decay = -1"), "optimiser.weight_decay: -1.0 is not 0 or more"),
        (optimiser("momentum = 1"), "optimiser.momentum: 1.0 is not from 0 to below 1"),
        (optimiser("clip_norm = 0"), "optimiser.clip_norm: 0.0 is not above 0"),
        (optimiser("head_rate = 0"), "optimiser.head_rate: 0.0 is not above 0"),
        (optimiser('kind = "adam"'), "optimiser.kind: 'adam' is not one of adamw, sgd"),
        ({"tables": "[distil]\nemotions = 2"}, "distil.emotions: 2.0 is not from 0 to 1"),
        ({"tables": "[distil]\naction_units = -1"}, "distil.action_units: -1.0 is not from 0 to 1"),
        ({"tables": '[distil]\nwithout = ["AU99"]'}, "distil.without: ['AU99'] is not a list of units"),
        ({"data": "coded_weight = -1"}, "data.coded_weight: -1.0 is not 0 or more"),
        ({"lines": "checkpoint_every = 0"}, "checkpoint_every: 0 is not 1 or more"),
        ({"data": "rare_emotion_cap = 0.5"}, "data.rare_emotion_cap: 0.5 is not 1 or more"),
        ({"data": "draw = { fer = 1 }"}, "data.draw: {'fer': 1.0} is not shares of ferplus, ckplus, lfw"),
        ({"data": "draw = { lfw = 0 }"}, "data.draw: {'lfw': 0.0} is not shares"),
        ({"data": "test_folds = []"}, "data.test_folds: [] is not a list of folds from 0 to 9"),
        ({"data": "test_folds = [10]"}, "data.test_folds: [10] is not a list of folds from 0 to 9"),
        ({"data": "test_folds = [2, 3]"}, "data.calibration_folds: [2] is not apart from data.test_folds"),
        (head(emotions={"weight": -1}), "head[1].weight: -1.0 is not 0 or more"),
        (head(emotions={"hidden": 0}), "head[1].hidden: 0 is not from 1 to 4096"),
        (head(emotions={"balance": 1.5}), "head[1].balance: 1.5 is not from 0 to 1"),
        (head(emotions={"balance_below": 0}), "head[1].balance_below: 0.0 is not above 0, up to 1"),
        (head(blendshapes={"balance": 0.5}), "head[3].balance: 0.5 is not 0, for a target without classes"),
        (head(emotions={"target": "mood"}), "head[1].target: 'mood' is not one of action_units, "),
        (head(emotions={"reads": "pictures"}), "head[1].reads: 'pictures' is not one of features, "),
        (head(emotions={"reads": "features"}), 'complete without a head "emotions"'),
        (head(action_units={"target": "emotions"}), 'complete without a head "action_units"'),
        (head(action_units={"name": "units"}), 'complete without a head "action_units"'),
        (head(second={"name": "emotions", "target": "attitude"}), "a list of heads with different names"),
        (head(second={"name": "the second", "target": "attitude"}), "is not a name of letters and under"),
        (head(second={"name": "keys", "target": "attitude"}), "'keys' is not a name that torch leaves free"),
        ({"tables": "head = []"}, "head: [] is not complete without"),
        ({"stages": "stage = []"}, "stage: [] is not one [[stage]] or more"),
    ],
)
def test_values_with_which_training_would_not_mean_what_it_says(
    tmp_path: Path, changes: dict[str, str], fault: str
) -> None:
    path = miniature.recipe(tmp_path / "r.toml", **changes)
    for empty in ("stage = []", "head = []"):
        if empty in changes.values():
            stage = "" if empty.startswith("stage") else miniature.STAGE
            path.write_text(f'name = "r"\n{empty}\nbatch_size = 2\n{stage}')
    assert fault in refusal(path, path.read_text())


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("image_size = 8", "stage[0].image_size: 8 is not from 32 to 1024"),
        ("images = 3", "stage[0].images: 3 is not a batch or more"),
        ("learning_rate = 0", "stage[0].learning_rate: 0.0 is not above 0"),
        ("freeze_blocks = 6", "stage[0].freeze_blocks: 6 is not from 0 to 5"),
        ("first_pool = 3", "stage[0].first_pool: 3 is not 2 or 4"),
        ('schedule = "step"', "stage[0].schedule: 'step' is not one of cosine, linear, constant"),
        ("warm_up = 1", "stage[0].warm_up: 1.0 is not from 0 to below 1"),
        ("cached_copies = 33", "stage[0].cached_copies: 33 is not from 0 to 32"),
        ("cached_copies = 2", "stage[0].cached_copies: 2 is not 0, where no block is frozen"),
        ('on = "tpu"', "stage[0].on: 'tpu' is not one of any, cpu, gpu"),
        ("draw = { lfw = 0 }", "stage[0].draw: {'lfw': 0.0} is not shares of ferplus, ckplus, lfw"),
        ("draw = { fer = 1 }", "stage[0].draw: {'fer': 1.0} is not shares of ferplus, ckplus, lfw"),
        ("weights = { mood = 1 }", "is not a table of the heads action_units, blendshapes, direct_emotions"),
        ("weights = { emotions = -1 }", "stage[0].weights: {'emotions': -1.0} is not a table of numbers"),
        (
            "weights = { emotions = 0, action_units = 0, direct_emotions = 0, blendshapes = 0 }",
            "is not above 0 for any head",
        ),
    ],
)
def test_stages_that_could_not_run(tmp_path: Path, line: str, fault: str) -> None:
    assert fault in refusal(tmp_path / "r.toml", staged(tmp_path, line))


def staged(folder: Path, line: str, lines: str = "") -> str:
    """A recipe of one stage with this line in it."""
    key = line.partition(" ")[0]
    usual = {"image_size": "image_size = 32", "images": "images = 12", "learning_rate": "learning_rate = 1"}
    stages = "[[stage]]\n" + "\n".join({**usual, key: line}.values())
    return miniature.recipe(folder / "r.toml", stages=stages, lines=lines).read_text()


def test_the_pooling_of_vgg_is_of_vgg_alone(tmp_path: Path) -> None:
    text = staged(tmp_path, "first_pool = 4", 'network = "small"')
    assert "stage[0].first_pool: 4 is not 2, where the network is not vgg16" in refusal(
        tmp_path / "r.toml", text
    )


UNCODED = "draw = { ferplus = 1.0, lfw = 1.0 }\nweights = { action_units = 0.0 }\n"


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"draw = { ferplus = 1.0, lfw = 1.0 }": ""}, "stage[0].draw: {} is not without ckplus, in a shared"),
        ({"lfw = 1.0": "ckplus = 0.1"}, "is not without ckplus, in a shared stage"),
        (
            {"weights = { action_units = 0.0 }": ""},
            "stage[0].weights: {} is not 0 for the action units, in a shared",
        ),
        ({"action_units = 0.0": "emotions = 0.0"}, "is not 0 for the action units, in a shared stage"),
    ],
)
def test_what_all_folds_share_knows_nothing_that_a_coder_said(
    tmp_path: Path, changed: dict[str, str], fault: str
) -> None:
    sound = miniature.STAGE + UNCODED
    path = miniature.recipe(tmp_path / "r.toml", "shared_stages = 1", stages=sound + miniature.STAGE)
    assert recipes.load(path).shared_stages == 1
    text = path.read_text()
    for old, new in changed.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    assert fault in refusal(path, text)


def test_a_second_head_of_units_is_a_coders_word_too(tmp_path: Path) -> None:
    path = miniature.recipe(
        tmp_path / "r.toml",
        "shared_stages = 1",
        stages=miniature.STAGE + UNCODED,
        tables=miniature.heads(direct_units={"target": "action_units"}),
    )
    assert "is not 0 for the action units, in a shared stage" in refusal(path, path.read_text())


def test_the_last_stages_of_both_devices_make_the_same_net(tmp_path: Path) -> None:
    def stages(gpu: int, cpu: int) -> str:
        gpus = miniature.STAGE.replace("32", str(gpu)) + 'on = "gpu"\n'
        return gpus + miniature.STAGE.replace("32", str(cpu)) + 'on = "cpu"\n'

    path = miniature.recipe(tmp_path / "r.toml", stages=stages(40, 32))
    assert "stage: [(40, 2), (32, 2)] is not one image_size and first_pool" in refusal(path, path.read_text())
    recipes.load(miniature.recipe(path, stages=stages(40, 40)))
    recipes.load(miniature.recipe(path, stages=stages(40, 32) + miniature.STAGE.replace("32", "48")))


def test_a_stage_may_draw_and_weigh_by_itself(tmp_path: Path) -> None:
    own = "draw = { lfw = 1.0 }\nweights = { emotions = 0.0, blendshapes = 9.0 }\n"
    recipe = recipes.load(
        miniature.recipe(tmp_path / "r.toml", stages=miniature.STAGE + miniature.STAGE + own)
    )
    usual, changed = recipe.stage
    assert recipe.draw(usual) == {"ferplus": 0.74, "ckplus": 0.12, "lfw": 0.14}
    assert recipe.draw(changed) == {"lfw": 1.0}
    assert [recipe.weight(usual, h) for h in recipe.head] == [4.0, 1.0, 0.4, 2.0]
    assert [recipe.weight(changed, h) for h in recipe.head] == [4.0, 0.0, 0.4, 9.0]


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
