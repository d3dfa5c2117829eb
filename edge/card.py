"""The card of a model: everything the runtime must know that the network file does not say.

Written by the export stage, read by the runtime. A card describes one or more artefacts of the
same net (INT8 for processors, FP16, one for the stick, one for ONNX Runtime); all share names,
order and pre-processing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from edge.errors import ModelError
from edge.facs import ACTION_UNITS, EMOTIONS, SIDED_UNITS

FORMAT = 1
"""Raised when a card changes so that an older program would misread it."""
ARTEFACTS = ("int8", "fp16", "stick", "onnx")
"""Every network a folder may hold: IR version 11 as INT8 and FP16, IR version 10 as FP16, ONNX."""
SEAL = "card_sha256"
"""Hash of everything else in the card: it guards the others, but no file could guard it."""


@dataclass(frozen=True)
class Tolerance:
    """How far an artefact may stray from torch on the golden inputs.

    probability: largest difference of an action unit's probability. flipped_share: share of
    decisions at 0.5 that may differ. emotion_share: share of crops whose most probable emotion
    may differ.
    """

    probability: float
    flipped_share: float
    emotion_share: float


@dataclass(frozen=True)
class Artefact:
    """One network: `network` (.xml or .onnx) and `weights` (.bin), relative to the folder.

    weights: empty where they are in the network file itself (ONNX). ir_version: 0 where it is no IR.
    """

    network: str
    weights: str
    ir_version: int
    tolerance: Tolerance

    @property
    def files(self) -> tuple[str, ...]:
        """The files it consists of, relative to the folder."""
        return (self.network, self.weights) if self.weights else (self.network,)


@dataclass(frozen=True)
class Card:
    """What stands in card.json.

    image_size: side of the input in pixels; the input itself is float32 [1, 3, S, S], 0..255,
    from edge.preprocess.net_input (`colour` says which). input, output: names of the tensors; the
    output is float32 [1, K] action-unit log-odds in the order of action_units. emotion_stage:
    the .npz with the second stage. unsure_below: a most probable emotion under this probability
    is not named. sha256: file name -> hash of every file but the card itself. measured: artefact ->
    differences from torch on the golden inputs. proof: what else the export measured, and with which
    versions (docs/export.md explains each number).
    """

    name: str
    version: str
    image_size: int
    action_units: tuple[str, ...]
    emotions: tuple[str, ...]
    artefacts: Mapping[str, Artefact]
    sha256: Mapping[str, str]
    unsure_below: float
    licence: str
    input: str = "image"
    output: str = "action_unit_logits"
    colour: str = "grey"
    emotion_stage: str = "emotions.npz"
    golden: str = "golden.npz"
    measured: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)
    proof: Mapping[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    def __post_init__(self) -> None:
        faults = [
            f"action unit {u} is unknown"
            for u in self.action_units
            if u not in {**ACTION_UNITS, **SIDED_UNITS}
        ]
        faults += [f"emotion {e} is unknown" for e in self.emotions if e not in EMOTIONS]
        if len(set(self.action_units)) != len(self.action_units):
            faults.append("an action unit stands twice")
        if len(set(self.emotions)) != len(self.emotions):
            faults.append("an emotion stands twice")
        if not 16 <= self.image_size <= 1024:
            faults.append(f"image_size {self.image_size} is not between 16 and 1024")
        if not 0.0 <= self.unsure_below <= 1.0:
            faults.append(f"unsure_below {self.unsure_below} is not between 0 and 1")
        if self.colour != "grey":
            faults.append(f'colour "{self.colour}" is not one this program prepares (grey)')
        if self.format != FORMAT:
            faults.append(f"it is of format {self.format}, this program reads format {FORMAT}")
        faults += [
            f"artefact {a} is unknown (known are {', '.join(ARTEFACTS)})"
            for a in self.artefacts
            if a not in ARTEFACTS
        ]
        if not self.artefacts:
            faults.append("it names no artefact")
        if faults:
            raise ValueError("; ".join(faults))


def read(path: Path) -> Card:
    """Read card.json. Raises ModelError with the path and what is wrong."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}): install the model again") from error
    except ValueError as error:
        raise ModelError(f"{path} is not valid JSON ({error}): install the model again") from error
    if not isinstance(table, dict) or table.pop(SEAL, None) != seal(table):
        raise ModelError(f"{path} is damaged or was changed by hand: install the model again")
    try:
        artefacts = {
            name: Artefact(**{**a, "tolerance": Tolerance(**a["tolerance"])})
            for name, a in table.pop("artefacts").items()
        }
        units, emotions = tuple(table.pop("action_units")), tuple(table.pop("emotions"))
        return Card(artefacts=artefacts, action_units=units, emotions=emotions, **table)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise ModelError(f"{path} is no card that this program can use: {error}") from error


def write(card: Card, path: Path) -> None:
    """Write card.json, keys in the order of the class, so that a difference is easy to read."""
    table = json.loads(json.dumps(asdict(card)))
    table[SEAL] = seal(table)
    path.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def seal(table: Mapping[str, Any]) -> str:
    """Hash of a card's table, its seal left out."""
    text = json.dumps(table, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
