"""Splits by hash: people who stay where they are when a set grows, or classes divided by exact shares."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

Names = npt.NDArray[np.str_]


def place(key: str, seed: int) -> float:
    """Where something falls between 0 and 1: the same for ever for the same key and seed."""
    digest = hashlib.sha256(f"{seed}:{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def by_subject(subjects: Sequence[str], shares: Mapping[str, float], seed: int = 0) -> Names:
    """The part of each row; all rows of a subject are in one part, whoever else is in the set.

    subjects: one per row, none of them empty. shares: part -> share, summing to 1. Returns str [N]. Raises
    ValueError for shares that do not sum to 1, and for rows whose subject is not known.
    """
    _check(shares)
    _need_subjects(subjects)
    parts = {subject: _part(place(subject, seed), shares) for subject in set(subjects)}
    return np.array([parts[subject] for subject in subjects], dtype=np.str_)


def stratified(
    classes: Sequence[str], keys: Sequence[str], shares: Mapping[str, float], seed: int = 0
) -> Names:
    """The part of each row, with every class divided by the same shares.

    classes: one per row. keys: what tells rows apart for ever, a file's name for example; the same key in
    another class falls elsewhere. Within a class rows are ordered by hash and cut, so that the shares hold to
    one row; a row that is added moves at most one neighbour per cut. Returns str [N].
    """
    _check(shares)
    if len(set(zip(classes, keys))) != len(keys):
        raise ValueError("two rows of one class have the same key: give each its own")
    return _cut([[row] for row in range(len(keys))], classes, keys, shares, seed)


def by_subject_stratified(
    subjects: Sequence[str], classes: Sequence[str], shares: Mapping[str, float], seed: int = 0
) -> Names:
    """All rows of a subject in one part, with subjects divided within the class that most of theirs have.

    Returns str [N]. The shares hold for subjects, and for rows as far as subjects have equally many. Subjects
    next to a cut may change sides when the set grows; those of `by_subject` never do. Raises ValueError as
    `by_subject` does.
    """
    _check(shares)
    _need_subjects(subjects)
    rows: dict[str, list[int]] = {}
    for row, subject in enumerate(subjects):
        rows.setdefault(subject, []).append(row)
    mostly = []
    for members in rows.values():
        found, counts = np.unique([classes[row] for row in members], return_counts=True)
        mostly.append(str(found[counts.argmax()]))
    return _cut(list(rows.values()), mostly, list(rows), shares, seed)


def _cut(
    units: Sequence[Sequence[int]],
    classes: Sequence[str],
    keys: Sequence[str],
    shares: Mapping[str, float],
    seed: int,
) -> Names:
    """Units of rows, ordered by hash within their class and cut at the shares."""
    out = [""] * sum(map(len, units))
    for name in sorted(set(classes)):
        members = [i for i, each in enumerate(classes) if each == name]
        members.sort(key=lambda i: place(f"{classes[i]}/{keys[i]}", seed))
        for position, i in enumerate(members):
            for row in units[i]:
                out[row] = _part((position + 0.5) / len(members), shares)
    return np.array(out, dtype=np.str_)


def _part(at: float, shares: Mapping[str, float]) -> str:
    end = 0.0
    for part, share in shares.items():
        end += share
        if at < end:
            return part
    return part


def _need_subjects(subjects: Sequence[str]) -> None:
    if not all(subjects):
        raise ValueError("some rows name no subject: split these by picture, or leave them out")


def _check(shares: Mapping[str, float]) -> None:
    if not shares or min(shares.values()) < 0 or abs(sum(shares.values()) - 1) > 1e-9:
        raise ValueError(f"the shares {dict(shares)} do not sum to 1")
