"""What an export did, as a table a person reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from export.myriad.compile import MyriadReport
from export.parity import Difference


@dataclass(frozen=True)
class Report:
    """seconds: step -> duration. sizes: file -> bytes. differences: artefact -> against torch on
    the golden crops; "... in the runtime" is edge's own loader and backend on this processor.
    peak: the layer whose numbers grow largest, and how large. compiled: the check by the compiler for
    Myriad X, None where it was left out.
    """

    folder: Path
    seconds: Mapping[str, float]
    sizes: Mapping[str, int]
    differences: Mapping[str, Difference]
    peak: tuple[str, float]
    compiled: MyriadReport | None = None

    def table(self) -> str:
        """Steps, files and differences, aligned for a terminal."""
        layer, value = self.peak
        parts = [
            _table(("step", "seconds"), ((name, f"{s:.1f}") for name, s in self.seconds.items())),
            _table(("file", "kB"), ((name, f"{size / 1000:,.1f}") for name, size in self.sizes.items())),
            differences_table(self.differences),
            f"largest activation {value:,.1f} ({layer}); FP16 ends at 65,504",
            *([self.compiled.table()] if self.compiled else []),
            f"written to {self.folder}",
        ]
        return "\n\n".join(parts)


def differences_table(differences: Mapping[str, Difference]) -> str:
    """Each artefact against torch on the golden crops."""
    return _table(
        ("differs from torch", "AU largest", "AU mean", "decisions", "emotions"),
        (
            (
                name,
                f"{d.probability:.5f}",
                f"{d.probability_mean:.5f}",
                f"{d.flipped_share:.2%}",
                f"{d.emotion_share:.2%}",
            )
            for name, d in differences.items()
        ),
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, *rows]
    widths = [max(len(cell) for cell in column) for column in zip(*lines)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths))
        )
        for line in lines
    )
