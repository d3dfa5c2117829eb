"""What the export stage raises.

FacecueError
└── ExportError   (RuntimeError)  the net cannot be exported as it is asked for
    └── ParityError               an exported file answers differently from torch
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edge.errors import FacecueError


@dataclass(frozen=True)
class Mismatch:
    """One measured difference that is larger than is allowed."""

    artefact: str
    quantity: str
    measured: float
    allowed: float

    def __str__(self) -> str:
        return f"{self.artefact} {self.quantity} {self.measured:.3g} (allowed {self.allowed:.3g})"


class ExportError(FacecueError, RuntimeError):
    """The net cannot be exported as it is asked for; nothing was written."""


class ParityError(ExportError):
    """An exported file answers differently from torch. `mismatches` holds every difference."""

    def __init__(self, mismatches: Sequence[Mismatch]) -> None:
        self.mismatches = tuple(mismatches)
        super().__init__(
            "nothing was written, because the exported net differs from torch: "
            + ", ".join(str(m) for m in self.mismatches)
        )
