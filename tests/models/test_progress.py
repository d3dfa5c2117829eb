# ruff: noqa: E402 - without the train extra this module is skipped before its imports
"""What a person sees of a training."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("tensorboard", reason="needs the train extra")
pytest.importorskip("matplotlib", reason="needs the train extra")

from models.progress import EVERY, Progress, draw_curves, read_log
from models.recipe import Stage

pytestmark = pytest.mark.heavy
STAGE = Stage(32, 8, 0.01)


def walked(folder: Path, number: int, first: int, steps: int, until: int | None = None) -> None:
    """A stage whose terms are the step and half of it."""
    moves = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.25)
    with Progress(folder, number, STAGE, first, steps) as progress:
        for step in progress:
            if step == until:
                raise KeyboardInterrupt
            terms = {"units": torch.tensor(step + 1.0), "emotions": torch.tensor(step / 2)}
            progress.note(step, terms, moves)


def scalars(folder: Path, number: int) -> dict[str, list[tuple[int, float]]]:
    """What tensorboard shows of a stage."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        found = EventAccumulator(str(folder / "tensorboard" / f"stage-{number}")).Reload()
        return {tag: [(e.step, e.value) for e in found.Scalars(tag)] for tag in found.Tags()["scalars"]}


def test_a_row_every_twentieth_step(tmp_path: Path) -> None:
    walked(tmp_path, 0, 0, 3 * EVERY)
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"stage": 0, "step": step, "units": step + 1.0, "emotions": step / 2}
        for step in (0, EVERY, 2 * EVERY)
    ]


def test_tensorboard_reads_the_same(tmp_path: Path) -> None:
    walked(tmp_path, 0, 0, 2 * EVERY)
    walked(tmp_path, 1, 0, EVERY)
    assert scalars(tmp_path, 0) == {
        "loss/units": [(0, 1.0), (EVERY, EVERY + 1.0)],
        "loss/emotions": [(0, 0.0), (EVERY, EVERY / 2)],
        "learning_rate": [(0, 0.25), (EVERY, 0.25)],
    }
    assert scalars(tmp_path, 1)["loss/units"] == [(0, 1.0)]


def test_steps_done_twice_after_a_kill_are_shown_once(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        walked(tmp_path, 0, 0, 4 * EVERY, until=2 * EVERY + 5)
    walked(tmp_path, 0, EVERY, 4 * EVERY)
    assert [row["step"] for row in read_log(tmp_path / "log.jsonl")] == [0, EVERY, 2 * EVERY, 3 * EVERY]
    assert [step for step, _ in scalars(tmp_path, 0)["loss/units"]] == [0, EVERY, 2 * EVERY, 3 * EVERY]


def picture(folder: Path) -> np.ndarray:
    raw = (folder / "curves.png").read_bytes()
    assert raw.startswith(b"\x89PNG\r\n\x1a\n")
    return cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_COLOR)


def test_the_curves_are_a_picture_with_lines(tmp_path: Path) -> None:
    walked(tmp_path, 0, 0, 2 * EVERY)
    one = picture(tmp_path)
    assert one.shape == (600, 1080, 3)
    assert len(np.unique(one.reshape(-1, 3), axis=0)) > 50
    walked(tmp_path, 1, 0, 3 * EVERY)
    assert not np.array_equal(one, picture(tmp_path))


def test_curves_of_nothing_are_an_empty_picture(tmp_path: Path) -> None:
    draw_curves(tmp_path)
    assert picture(tmp_path).shape == (600, 1080, 3)


@pytest.mark.parametrize(
    "rest", ['{"stage": 0, "st', '{"stage": 0, "step": 40, "units": 1.0, "emotions": 0.5}']
)
def test_a_line_cut_off_costs_no_other_line(tmp_path: Path, rest: str) -> None:
    walked(tmp_path, 0, 0, 2 * EVERY)
    with (tmp_path / "log.jsonl").open("a") as stream:
        stream.write(rest)  # the kill came before the end of the line
    whole = [0, EVERY, *([2 * EVERY] if rest.endswith("}") else [])]
    assert [row["step"] for row in read_log(tmp_path / "log.jsonl")] == whole

    walked(tmp_path, 0, 2 * EVERY, 4 * EVERY)

    assert [row["step"] for row in read_log(tmp_path / "log.jsonl")] == [i * EVERY for i in range(4)]
    picture(tmp_path)


def test_a_stage_that_fails_leaves_what_was_logged(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        walked(tmp_path, 0, 0, 2 * EVERY, until=EVERY)
    assert [row["step"] for row in read_log(tmp_path / "log.jsonl")] == [0]
    assert scalars(tmp_path, 0)["loss/units"] == [(0, 1.0)]
    assert not (tmp_path / "curves.png").exists()
