"""What a model said about the pictures: asked now, or read from a table of `facecue annotate --crops`."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.card import Card
from edge.emotions import EmotionStage, probability
from models.data.readers import DataError

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Answers:
    """units: float32 [N, K] probabilities. emotions: float32 [N, 8] probabilities that sum to 1."""

    units: Float32
    emotions: Float32


def from_logits(logits: Float32, stage: EmotionStage) -> Answers:
    """The net's log-odds float32 [N, K] and what the second stage makes of them."""
    return Answers(probability(logits), stage.probabilities(logits))


class AnnotatedTable:
    """Rows of `facecue annotate --crops`, found by the stem of the picture's file name.

    card: of the model that made the table. Raises DataError if the file cannot be read, lacks a
    column of this card, names a picture twice or holds something that is no number.
    """

    def __init__(self, path: Path, card: Card) -> None:
        self._path = path
        self._rows: dict[str, tuple[list[float], list[float]]] = {}
        try:
            with path.open(encoding="utf-8", errors="surrogateescape", newline="") as stream:
                table = csv.DictReader(stream)
                columns = ("file", *card.action_units, *card.emotions)
                absent = [c for c in columns if c not in (table.fieldnames or ())]
                if absent:
                    raise DataError(
                        f"{path} has no column {', '.join(absent)}: give a table that facecue annotate "
                        f"--crops made with {card.name}, or name its model with --model"
                    )
                for row in table:
                    self._add(table.line_num, row, card)
        except (OSError, csv.Error) as error:
            raise DataError(f"{path} cannot be read as a table: {error}") from error

    def _add(self, line: int, row: dict[str, str], card: Card) -> None:
        key = Path(row["file"]).stem
        if key in self._rows:
            raise DataError(f"{self._path}, line {line}: {key} stands there twice: annotate with --crops")
        try:
            units = [float(row[name]) for name in card.action_units]
            emotions = [float(row[name]) for name in card.emotions]
        except (TypeError, ValueError) as error:
            raise DataError(f"{self._path}, line {line}: {error}: make the table again") from error
        if not np.isfinite([*units, *emotions]).all():
            raise DataError(f"{self._path}, line {line}: a value is no number: make the table again")
        self._rows[key] = units, emotions

    def answers(self, keys: list[str], what: str) -> Answers:
        """The rows of these pictures, in their order. Raises DataError if one is not there."""
        absent = [key for key in keys if key not in self._rows]
        if absent:
            raise DataError(
                f"{self._path} lacks {len(absent)} of {len(keys)} pictures of {what}, for one {absent[0]}: "
                "write them with facecue evaluate --write-crops and annotate that folder"
            )
        units, emotions = zip(*(self._rows[key] for key in keys))
        return Answers(np.array(units, dtype=np.float32), np.array(emotions, dtype=np.float32))
