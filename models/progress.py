"""What a person sees of a training: a bar with the time left, logs, and curves as a picture."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType

import torch
from torch import Tensor
from tqdm import tqdm

from models.recipe import Stage

EVERY = 20
"""Steps between two rows of the log."""


class Progress:
    """Iterates over the steps of a stage and writes `log.jsonl`, `tensorboard/` and `curves.png`."""

    def __init__(self, output: Path, number: int, stage: Stage, first: int, steps: int) -> None:
        self._output = output
        self._number = number
        self._first = first
        self._bar = tqdm(
            range(first, steps),
            initial=first,
            total=steps,
            desc=f"stage {number + 1}, {stage.image_size} px",
            mininterval=5,
        )
        _end_line(output / "log.jsonl")
        self._board = _board(output / "tensorboard" / f"stage-{number}", first)

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()
        self._board.close()
        if error is None:
            draw_curves(self._output)

    def __iter__(self) -> Iterator[int]:
        yield from self._bar

    def note(self, step: int, terms: Mapping[str, Tensor], moves: torch.optim.Optimizer) -> None:
        """One row every so many steps."""
        if step % EVERY:
            return
        values = {k: round(float(v.detach()), 4) for k, v in terms.items()}
        self._bar.set_postfix(values)
        with (self._output / "log.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({"stage": self._number, "step": step, **values}) + "\n")
        for name, value in values.items():
            self._board.add_scalar(f"loss/{name}", value, step)
        self._board.add_scalar("learning_rate", moves.param_groups[-1]["lr"], step)


def draw_curves(output: Path) -> None:
    """`curves.png` of everything in `log.jsonl`: one line per term, stages one after the other."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = read_log(output / "log.jsonl")
    figure = Figure(figsize=(9, 5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for name in sorted({key for row in rows for key in row} - {"stage", "step"}):
        points = [(i, row[name]) for i, row in enumerate(rows) if name in row]
        axes.plot(*zip(*points), label=name, linewidth=1)
    for i in range(1, len(rows)):
        if rows[i]["stage"] != rows[i - 1]["stage"]:
            axes.axvline(i, color="grey", linestyle=":")
    axes.set_xlabel(f"every {EVERY}th step")
    axes.set_ylabel("weighted loss")
    axes.set_yscale("log")
    if rows:
        axes.legend(loc="upper right")
    figure.savefig(output / "curves.png", dpi=120)


def read_log(path: Path) -> list[dict[str, float]]:
    """Rows of `log.jsonl`; of steps done twice, after a kill, the later one counts."""
    rows: dict[tuple[float, float], dict[str, float]] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        try:
            row = json.loads(line)
        except ValueError:
            continue  # the kill came in the middle of this line
        rows[row["stage"], row["step"]] = row
    return [rows[key] for key in sorted(rows)]


def _end_line(path: Path) -> None:
    # What a kill left of a line must not swallow the next one.
    if path.is_file() and not path.read_bytes().endswith(b"\n"):
        with path.open("a", encoding="utf-8") as stream:
            stream.write("\n")


def _board(folder: Path, first: int) -> torch.utils.tensorboard.SummaryWriter:
    with warnings.catch_warnings():
        # tensorboard's own imports are behind the times.
        warnings.simplefilter("ignore")
        from torch.utils.tensorboard import SummaryWriter

        return SummaryWriter(str(folder), purge_step=first or None)
