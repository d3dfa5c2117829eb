"""What the Myriad X compiler made of a network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from export.legacy.ir10 import Tensor


@dataclass(frozen=True)
class MyriadReport:
    """A network that compiles for Myriad X; no stick took part.

    stages: steps of the compiled program, at most `budget`. shaves, slices: vector processors and
    slices of on-chip memory it was compiled for. inputs, outputs: as another party's reader finds
    them in the blob. refused: what else was given to the compiler in the same run, and refused as
    it must be. seconds: of everything. output: where the blob was kept, if it was.
    """

    network: Path
    blob_sha256: str
    blob_bytes: int
    stages: int
    budget: int
    shaves: int
    slices: int
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    refused: tuple[str, ...]
    seconds: float
    output: Path | None = None

    def table(self) -> str:
        """The facts, aligned for a terminal."""
        rows = [
            ("stages", f"{self.stages} of at most {self.budget}"),
            ("blob", f"{self.blob_bytes / 1000:,.1f} kB, the same in two compilations"),
            ("sha256", self.blob_sha256),
            ("compiled for", f"{self.shaves} shaves, {self.slices} slices"),
            *(("input", str(tensor)) for tensor in self.inputs),
            *(("output", str(tensor)) for tensor in self.outputs),
            ("refused, as they must be", " and ".join(self.refused)),
            ("seconds", f"{self.seconds:.1f}"),
        ]
        kept = f"\nwritten to {self.output}" if self.output else ""
        return f"{self.network} compiles for Myriad X\n\n{_facts(rows)}{kept}"


def _facts(rows: list[tuple[str, str]]) -> str:
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name.ljust(width)}  {value}" for name, value in rows)
