"""What would spoil a training quietly, looked for before it begins; every fault is told at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from edge.facs import EMOTIONS
from models.data import twins
from models.data.faceset import FaceSet
from models.data.readers import DataError
from models.data.wording import named, rows_named


@dataclass(frozen=True)
class Finding:
    """One sentence about the data; a note is worth knowing, a fault stops a training."""

    sentence: str
    fault: bool = True


def require_sound(train: Sequence[FaceSet], apart: Sequence[FaceSet]) -> None:
    """Raise DataError with a line for every fault.

    train: the sets that are learned from. apart: those that calibrate and test.
    """
    faults = [found.sentence for found in findings(train, apart) if found.fault]
    if faults:
        raise DataError("\n".join(faults))


def findings(
    train: Sequence[FaceSet], apart: Sequence[FaceSet], near_twins: bool = False
) -> Iterator[Finding]:
    """Everything that is wrong or odd. near_twins: also pictures that are the same but for a few pixels."""
    for faces in (*train, *apart):
        yield from pictures(faces)
        yield from labels(faces)
    yield from classes(train)
    for number, held_out in enumerate(apart):
        for other in apart[:number]:
            yield from shared_subjects(other, held_out)
        for faces in train:
            yield from shared_subjects(faces, held_out)
            yield from shared_pictures(faces, held_out, near_twins)


def pictures(faces: FaceSet) -> Iterator[Finding]:
    """No picture at all, or one without any contrast."""
    if not len(faces):
        yield Finding(f"{faces.name} has no picture: give it some, or draw nothing from it")
    empty = [row for row, image in enumerate(faces.images) if not image.size]
    if empty:
        yield Finding(f"{faces.name}: {rows_named(empty)} hold no picture; remove them")
    flat = [row for row, image in enumerate(faces.images) if image.size and image.min() == image.max()]
    if flat:
        yield Finding(f"{faces.name}: {rows_named(flat)} show nothing but one grey; remove them")


def labels(faces: FaceSet) -> Iterator[Finding]:
    """Columns that do not fit what they mean."""
    known = np.isfinite(faces.emotions)
    torn = np.flatnonzero(known.any(axis=1) & ~known.all(axis=1))
    if len(torn):
        yield Finding(
            f"{faces.name}: {rows_named(torn.tolist())} know some emotions and not others; "
            "give all eight shares or none"
        )
    whole = known.all(axis=1)
    sums = faces.emotions[whole].sum(axis=1)
    wrong = np.flatnonzero(whole)[(np.abs(sums - 1) > 1e-3) | (faces.emotions[whole] < 0).any(axis=1)]
    if len(wrong):
        yield Finding(
            f"{faces.name}: the emotions of {rows_named(wrong.tolist())} are no shares that sum to 1; "
            "correct them"
        )
    for what, column in (("action units", faces.action_units), ("blendshapes", faces.blendshapes)):
        beyond = np.flatnonzero(((column < 0) | (column > 1)).any(axis=1))
        if len(beyond):
            yield Finding(
                f"{faces.name}: the {what} of {rows_named(beyond.tolist())} are not between 0 and 1; "
                "correct them, or divide intensities of 0 to 5 by 5"
            )


def classes(train: Sequence[FaceSet]) -> Iterator[Finding]:
    """Emotions that nobody shows: they would never be learned, and never be missed in a loss."""
    emotions = np.concatenate([faces.emotions for faces in train])
    emotions = emotions[np.isfinite(emotions).all(axis=1)]
    if not len(emotions):
        return
    absent = [name for name, share in zip(EMOTIONS, emotions.sum(axis=0)) if not share > 0]
    if absent:
        sets = named([faces.name for faces in train])
        yield Finding(f"{sets}: no picture shows {named(absent)}; add examples of each emotion")


def shared_subjects(train: FaceSet, apart: FaceSet) -> Iterator[Finding]:
    """People who are learned from and tested on."""
    both = sorted((set(train.subjects) & set(apart.subjects)) - {""})
    if both:
        yield Finding(
            f"{named(both)} stand in {train.name} and in {apart.name}: "
            "split by person, so that nobody is on both sides"
        )


def shared_pictures(train: FaceSet, apart: FaceSet, near_twins: bool) -> Iterator[Finding]:
    """Pictures that are learned from and tested on."""
    where = {_digest(image): row for row, image in enumerate(train.images)}
    equal = [row for row, image in enumerate(apart.images) if _digest(image) in where]
    if equal:
        first = where[_digest(apart.images[equal[0]])]
        yield Finding(
            f"{apart.name}: {rows_named(equal)} are pictures that also stand in {train.name} "
            f"(the first as row {first}); leave them out of one of the two"
        )
    if near_twins:
        near = sorted({row for row, _ in twins.find(apart.images, train.images)} - set(equal))
        if near:
            yield Finding(
                f"{apart.name}: {rows_named(near)} are pictures of {train.name} but for a few pixels; "
                "leave them out, or read figures as flattering",
                fault=False,
            )


def _digest(image: np.ndarray) -> bytes:
    return hashlib.sha256(repr(image.shape).encode() + image.tobytes()).digest()
