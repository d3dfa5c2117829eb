"""A folder or .zip of face pictures with a table of labels beside them, `labels.csv`."""

from __future__ import annotations

import csv
import io
import logging
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.errors import PictureError
from edge.facs import EMOTIONS, SIDED_UNITS, UNIT_COLUMNS
from models.data.blendshape_file import read_beside
from models.data.faceset import FaceSet
from models.data.label_names import KNOWN, emotion_of, is_read, unit_of
from models.data.picture_store import PictureStore, open_store
from models.data.readers import DataError
from models.data.wording import rows_named

log = logging.getLogger(__name__)

Row = dict[str, str]
TABLE = "labels.csv"
ROWS_FROM = 2
"""Rows are counted as a spreadsheet counts them: the header is row 1."""


def read(path: Path, split: str | None = None) -> FaceSet:
    """Every picture that `labels.csv` names; with `split` only the rows that say so.

    Columns: `file` (below the folder, or below its `images`), then any of `emotion` (one of the
    eight or a common synonym), action units (`AU01` to `AU45`, `AU12L` for one side; 0..1),
    `valence` and `arousal` (-1..1), `subject`, `split`; an empty cell is unknown. Blendshapes come
    from `blendshapes_NAME.npz` beside the folder, where it is. Raises DataError with every fault.
    """
    with open_store(path) as store:
        rows = _rows(store)
        chosen = [i for i, row in enumerate(rows) if split is None or row.get("split", "").strip() == split]
        if not chosen:
            held = sorted({row.get("split", "").strip() for row in rows} - {""})
            raise DataError(
                f'{path}: {TABLE} has no row of the split "{split}"; it has {", ".join(held) or "no split"}'
                if rows
                else f"{path}: {TABLE} names no picture; give it a row for each"
            )
        faults: list[str] = []
        where = f"{path}: {TABLE}"
        numbers = [i + ROWS_FROM for i in chosen]
        rows = [rows[i] for i in chosen]
        emotions = _emotions(where, rows, numbers, faults)
        units = _units(where, rows, numbers, faults)
        feeling = [_numbers(where, rows, numbers, c, -1.0, faults) for c in ("valence", "arousal")]
        files = _files(store, rows, numbers, faults)
        images = _images(store, files, faults)
    if faults:
        raise DataError("\n".join(faults))
    return FaceSet(
        str(path) if split is None else f"{path}-{split}",
        images,
        units,
        emotions,
        read_beside(path, files),
        np.array([row.get("subject", "").strip() for row in rows], dtype=np.str_),
        np.ones(len(rows), dtype=np.float32),
        np.stack(feeling, axis=1),
    )


def splits_in(path: Path) -> tuple[str, ...]:
    """The values of the column `split`, in order; empty where there is none."""
    with open_store(path) as store:
        return tuple(sorted({row.get("split", "").strip() for row in _rows(store)} - {""}))


def emotions_by_file(path: Path) -> dict[str, str]:
    """File as the table names it -> emotion, where it is known."""
    with open_store(path) as store:
        named = {row["file"]: emotion_of(row.get("emotion", "")) for row in _rows(store)}
    return {file: emotion for file, emotion in named.items() if emotion is not None}


def _rows(store: PictureStore) -> list[Row]:
    """Cells as text, "" where a row is too short; column names without blanks."""
    where = f"{store.path}: {TABLE}"
    try:
        text = store.read(TABLE).decode("utf-8-sig")
    except PictureError as error:
        raise DataError(f"{where} is missing or cannot be read; give a table with the column file") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{where} is not in UTF-8 (byte {error.start}); save it as UTF-8") from error
    try:
        lines = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise DataError(f"{where} is no table that can be read ({error})") from error
    header = [name.strip() for name in lines[0]] if lines else []
    double = sorted({name for name in header if name and header.count(name) > 1})
    if double:
        raise DataError(f"{where} has the column {', '.join(double)} twice; keep one")
    if "file" not in header:
        held = ", ".join(header) or "nothing"
        raise DataError(f"{where} has no column file; it has {held}")
    if not any(name in ("emotion", "valence", "arousal") or unit_of(name) for name in header):
        raise DataError(
            f"{where} has no label: add a column emotion, AU01 to AU45, valence or arousal; "
            f"it has {', '.join(header)}"
        )
    return [dict(zip(header, [*line, *[""] * len(header)])) for line in lines[1:] if any(line)]


def _files(store: PictureStore, rows: list[Row], numbers: list[int], faults: list[str]) -> list[str]:
    """The path of each row's picture within the store; "" where there is none."""
    held = set(store.names)
    given = [row["file"].strip().replace("\\", "/").removeprefix("./") for row in rows]
    files = [next((p for p in (name, f"images/{name}") if p in held), "") for name in given]
    where = f"{store.path}: {TABLE}"
    absent = [n for n, file in zip(numbers, files) if not file]
    if absent:
        first = next(name for name, file in zip(given, files) if not file)
        faults.append(
            f"{where} names pictures that are not there in {rows_named(absent)} "
            f"(the first: {first or 'empty'}); add them or remove these rows"
        )
    seen: dict[str, int] = {}
    double = [n for n, file in zip(numbers, files) if file and seen.setdefault(file, n) != n]
    if double:
        faults.append(f"{where} names pictures a second time in {rows_named(double)}; keep one row of each")
    return files


def _images(store: PictureStore, files: list[str], faults: list[str]) -> list[npt.NDArray[np.uint8]]:
    images = []
    for file in files:
        if file:
            try:
                images.append(store.grey(file))
            except PictureError as error:
                faults.append(f"{error}; copy it again or remove its row")
    return images


def _emotions(where: str, rows: list[Row], numbers: list[int], faults: list[str]) -> npt.NDArray[np.float32]:
    out = np.full((len(rows), len(EMOTIONS)), np.nan, dtype=np.float32)
    unknown: dict[str, list[int]] = {}
    for i, row in enumerate(rows):
        word = row.get("emotion", "").strip()
        name = emotion_of(word)
        if name is not None:
            out[i] = np.eye(len(EMOTIONS), dtype=np.float32)[EMOTIONS.index(name)]
        elif word:
            unknown.setdefault(word, []).append(numbers[i])
    for word, at in unknown.items():
        faults.append(
            f'{where}: "{word}" in {rows_named(at)} is no emotion; write {KNOWN}, or leave it empty'
        )
    return out


def _units(where: str, rows: list[Row], numbers: list[int], faults: list[str]) -> npt.NDArray[np.float32]:
    out = np.full((len(rows), len(UNIT_COLUMNS)), np.nan, dtype=np.float32)
    columns = {name: unit_of(name) for name in rows[0] if unit_of(name)}
    unread = [name for name, unit in columns.items() if unit is not None and not is_read(unit)]
    if unread:
        log.warning("%s: %s are passed over: no net of ours reads them", where, ", ".join(unread))
    for name, unit in columns.items():
        if unit is not None and is_read(unit):
            out[:, UNIT_COLUMNS.index(unit)] = _numbers(where, rows, numbers, name, 0.0, faults)
    for whole in sorted({sided[:-1] for sided in SIDED_UNITS}):
        # Who coded both sides has coded the unit: it is there where one side shows it.
        sides = out[:, [UNIT_COLUMNS.index(whole + side) for side in "LR"]]
        both = np.isnan(out[:, UNIT_COLUMNS.index(whole)]) & np.isfinite(sides).all(axis=1)
        out[both, UNIT_COLUMNS.index(whole)] = sides[both].max(axis=1)
    return out


def _numbers(
    where: str, rows: list[Row], numbers: list[int], column: str, lowest: float, faults: list[str]
) -> npt.NDArray[np.float32]:
    """A column of numbers from `lowest` to 1; NaN where the cell is empty."""
    out = np.full(len(rows), np.nan, dtype=np.float32)
    wrong: list[int] = []
    for i, row in enumerate(rows):
        cell = row.get(column, "").strip()
        if not cell:
            continue
        try:
            value = float(cell)
        except ValueError:
            wrong.append(i)
            continue
        if lowest <= value <= 1.0:
            out[i] = value
        else:
            wrong.append(i)
    if wrong:
        advice = "" if lowest < 0 else " (intensities of 0 to 5: divide by 5)"
        faults.append(
            f"{where}: {column} is not a number from {lowest:g} to 1 in "
            f'{rows_named([numbers[i] for i in wrong])} (the first: "{rows[wrong[0]][column]}"); '
            f"correct it or leave it empty{advice}"
        )
    return out
