"""What a person sees in a clip, span by span: the truth that cues are held against."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.clips import CLIPS
from edge.cues.catalogue import (
    ATTITUDE_PHRASES,
    EMOTION_PHRASES,
    MOVEMENT_PHRASES,
    PRESENCE_PHRASES,
    TALKING_PHRASES,
)
from edge.errors import SettingsError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

BUNDLED = CLIPS / "truth.toml"
"""The truth of the clips that come with facecue."""
LABELS = frozenset(
    (*PRESENCE_PHRASES, *MOVEMENT_PHRASES, *TALKING_PHRASES, *ATTITUDE_PHRASES, *EMOTION_PHRASES)
)
"""What a truth may speak of."""
KEYS = ("from", "clear", "to", "must", "may")


@dataclass(frozen=True)
class Span:
    """Something that is to be seen from `begin` to `end`, in seconds of the clip.

    clear: when nobody would miss it; what has just begun may be said from `begin` on, and is waited
    for from then on. labels: what may be said of it, each once. must: whether one of them has to be.
    """

    begin: float
    clear: float
    end: float
    labels: frozenset[str]
    must: bool


@dataclass(frozen=True)
class ClipTruth:
    """Everything of one clip that may be said."""

    file: str
    spans: tuple[Span, ...]


def read(path: Path) -> dict[str, ClipTruth]:
    """File name of a clip -> its truth. Raises SettingsError with every fault of the file."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            [f"--truth: {path} cannot be read ({error.strerror}); docs/cues.md says what it holds"]
        ) from error
    except UnicodeDecodeError as error:
        raise SettingsError([f"--truth: {path} is not a text file in UTF-8"]) from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([f"--truth: {path} is not valid TOML: {error}"]) from error
    faults: list[str] = []
    found: dict[str, ClipTruth] = {}
    entries = table.get("clip", [])
    if not isinstance(entries, list) or not entries:
        faults.append(f"--truth: {path} has no [[clip]]; docs/cues.md shows one")
        entries = []
    for number, entry in enumerate(entries, start=1):
        where = f"--truth: {path}, clip {number}"
        file = entry.get("file") if isinstance(entry, dict) else None
        if not isinstance(file, str) or not file:
            faults.append(f'{where}: has no file = "NAME"')
            continue
        where = f"--truth: {path}, {file}"
        if file in found:
            faults.append(f"{where}: is there twice")
        seen = entry.get("seen", [])
        if not isinstance(seen, list):
            faults.append(f"{where}: seen is not a list of {{from = ..., to = ..., must = [...]}}")
            seen = []
        faults += [
            f"{where}: {key} is not known; known are file and seen" for key in set(entry) - {"file", "seen"}
        ]
        spans = [span for row in seen for span in _span(row, where, faults)]
        found[file] = ClipTruth(file, tuple(spans))
    if faults:
        raise SettingsError(faults)
    return found


def of_clips(clips: Iterable[Path], truths: Iterable[Path]) -> list[tuple[Path, ClipTruth]]:
    """Each clip with its truth, found by the file's name. Raises SettingsError for those without."""
    known: dict[str, ClipTruth] = {}
    for path in truths:
        known.update(read(path))
    pairs, faults = [], []
    for clip in clips:
        if clip.name in known:
            pairs.append((clip, known[clip.name]))
        else:
            faults.append(
                f"{clip}: the truth says nothing of {clip.name}; it knows {', '.join(sorted(known))}"
            )
    if faults:
        raise SettingsError(faults)
    return pairs


def _span(row: Any, where: str, faults: list[str]) -> list[Span]:
    if not isinstance(row, Mapping):
        faults.append(f"{where}: {row!r} in seen is not {{from = ..., to = ..., must = [...]}}")
        return []
    where = f"{where}, from = {row.get('from')!r}"
    unknown = [key for key in row if key not in KEYS]
    faults += [f"{where}: {key} is not known; known are {', '.join(KEYS)}" for key in unknown]
    begin, clear, end = (row.get(key, row.get("from")) for key in ("from", "clear", "to"))
    if not (_is_number(begin) and _is_number(clear) and _is_number(end) and 0 <= begin <= clear < end):
        faults.append(f"{where}: from, clear and to must be seconds, 0 <= from <= clear < to")
        return []
    kinds = [key for key in ("must", "may") if key in row]
    if len(kinds) != 1:
        faults.append(f"{where}: one of must and may has to be there, and not both")
        return []
    labels = row[kinds[0]]
    if not isinstance(labels, list) or not labels or not all(isinstance(label, str) for label in labels):
        faults.append(f"{where}: {kinds[0]} is not a list of labels")
        return []
    wrong = [label for label in labels if label not in LABELS]
    if wrong:
        faults.append(f"{where}: {', '.join(wrong)} is no label; labels are {', '.join(sorted(LABELS))}")
        return []
    return [Span(float(begin), float(clear), float(end), frozenset(labels), kinds[0] == "must")]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
