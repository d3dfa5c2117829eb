"""Whether two tables of facecue annotate decide alike: python same_decisions.py ONE.csv OTHER.csv

A decision is a unit on or off at 0.5, and the most probable emotion. Where both machines are within rounding
of the threshold they may differ. Exit status 1 where they do otherwise.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROUNDING = 0.02
"""Of a probability: INT8 kernels round differently from one processor to the next."""
EMOTIONS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
Row = dict[str, str]


def differences(one: list[Row], other: list[Row]) -> Iterator[str]:
    """A sentence for each decision that differs."""
    if len(one) != len(other):
        yield f"{len(one)} faces in one, {len(other)} in the other"
    for number, (a, b) in enumerate(zip(one, other), 1):
        for unit in (key for key in a if re.fullmatch(r"AU\d\d[LR]?", key) and a[key] and b[key]):
            first, second = float(a[unit]), float(b[unit])
            if (first >= 0.5) != (second >= 0.5) and abs(first - second) > ROUNDING:
                yield f"row {number}: {unit} is {first:.3f} in one and {second:.3f} in the other"
        named = [max(EMOTIONS, key=lambda name, row=row: float(row[name] or 0)) for row in (a, b)]  # type: ignore[misc]
        if named[0] != named[1] and abs(float(a[named[0]]) - float(b[named[0]])) > ROUNDING:
            yield f"row {number}: {named[0]} in one and {named[1]} in the other"


def largest(one: list[Row], other: list[Row]) -> float:
    """Of all differences between probabilities."""
    return max(
        (
            abs(float(a[key]) - float(b[key]))
            for a, b in zip(one, other)
            for key in a
            if (re.fullmatch(r"AU\d\d[LR]?", key) or key in EMOTIONS) and a[key] and b[key]
        ),
        default=0.0,
    )


def main(first: str, second: str) -> int:
    tables = (Path(name).read_text(encoding="utf-8").splitlines() for name in (first, second))
    one, other = (list(csv.DictReader(lines)) for lines in tables)
    found = list(differences(one, other))
    for line in found:
        print(line)  # noqa: T201
    print(f"{len(one)} faces, largest difference of a probability {largest(one, other):.4f}")  # noqa: T201
    return 1 if found or not one else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
