"""How messages about data name many things in few words."""

from __future__ import annotations

from collections.abc import Sequence

MOST = 8
"""As many as anyone reads; the others are counted."""


def named(things: Sequence[object]) -> str:
    """ "3, 17 and 20", or "3, 17, ... and 12 more"."""
    shown = [str(thing) for thing in things[:MOST]]
    if len(things) > MOST:
        return f"{', '.join(shown)} and {len(things) - MOST} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def rows_named(rows: Sequence[int]) -> str:
    """ "row 3", "rows 3, 17 and 20"."""
    return f"row{'s' if len(rows) > 1 else ''} {named(rows)}"
