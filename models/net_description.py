"""NET.toml: what must be said of a net that facecue did not train, before it can be exported."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.card import Tolerance
from edge.facs import EMOTIONS, UNIT_COLUMNS
from models.data.label_names import unit_of
from models.data.readers import DataError
from models.recipe_table import build

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CHANNELS = {"grey": ("grey",), "rgb": ("red", "green", "blue"), "bgr": ("blue", "green", "red")}
"""Order in which a net reads its channels -> their names."""
OUTPUTS = ("log-odds", "probabilities")
POOLINGS = ("mean", "max")
RELEASED_STAGE = "released"
UNUSED = "-"
"""Stands in action_units for a column of the net that is none of the units facecue knows."""
WEIGHTS = (".safetensors", ".pth", ".pt")
"""How a file of weights may end; looked for beside NET.toml in this order."""
PRECISIONS = ("fp16", "int8")


@dataclass(frozen=True)
class Allowed:
    """The table [tolerances.fp16] or [tolerances.int8]: the fields of edge.card.Tolerance."""

    probability: float
    flipped_share: float
    emotion_share: float

    def tolerance(self) -> Tolerance:
        return Tolerance(self.probability, self.flipped_share, self.emotion_share)


@dataclass(frozen=True)
class NetDescription:
    """What stands in NET.toml.

    architecture: "vgg16", "torchscript", or FILE.py:FUNCTION or PACKAGE.MODULE:FUNCTION, which gives
    the net without weights. image_size: side of the square face that it takes. action_units: its
    outputs in order, UNUSED for a column to be left out. channels: a key of CHANNELS. mean, divide_by:
    per channel by name; the net takes (value - mean) / divide_by of values in 0..255. output: one of
    OUTPUTS. weights: file beside NET.toml; "" takes the one of the same name. thresholds: probability
    from which a unit counts as there, where that is not 0.5. pooling, last_pool: of vgg16, how the
    last grid becomes features, and whether the fifth pooling is there. emotion_stage: RELEASED_STAGE
    or an .npz beside NET.toml, whose outputs are `emotions`. golden: folder of pictures with faces;
    "" takes the bundled clips. expected: .npz with answers of the net where it was trained.
    large_input: as in export.request.ExportRequest.
    """

    name: str
    version: str
    licence: str
    architecture: str
    image_size: int
    action_units: list[str]
    channels: str
    mean: dict[str, float]
    divide_by: dict[str, float]
    weights: str = ""
    output: str = "log-odds"
    thresholds: dict[str, float] = field(default_factory=dict)
    pooling: str = "mean"
    last_pool: bool = True
    emotion_stage: str = RELEASED_STAGE
    emotions: list[str] = field(default_factory=lambda: list(EMOTIONS))
    unsure_below: float = 0.45
    golden: str = ""
    expected: str = ""
    large_input: bool = False
    tolerances: dict[str, Allowed] = field(default_factory=dict)

    @property
    def units(self) -> tuple[str, ...]:
        """The action units that are exported, in order."""
        return tuple(unit for unit in self.action_units if unit != UNUSED)


def read(path: Path) -> tuple[NetDescription, Path]:
    """A description and the file of its weights. Raises DataError that names every wrong key.

    path: NET.toml, or the weights with a NET.toml beside them.
    """
    if path.suffix in WEIGHTS and path.is_file():
        weights, path = path, path.with_suffix(".toml")
        if not path.is_file():
            raise DataError(
                f"{weights} is no checkpoint of facecue train: describe the net in {path.name} beside it "
                "(docs/own-nets.md says how)"
            )
        return _read(path), weights
    described = _read(path)
    return described, _weights(path, described)


def _read(path: Path) -> NetDescription:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not valid TOML: {error}") from error
    faults: list[str] = []
    described = build(NetDescription, _plain(table), "", faults)
    if not faults:
        faults = _faults(described)
    if faults:
        raise DataError(f"{path}: " + "; ".join(faults))
    assert isinstance(described, NetDescription)
    return described


def _plain(table: dict[str, Any]) -> dict[str, Any]:
    """One number for all channels written out, and units named as facecue names them."""
    table = dict(table)
    channels = CHANNELS.get(str(table.get("channels")), ())
    for key in ("mean", "divide_by"):
        if type(table.get(key)) in (int, float):
            table[key] = dict.fromkeys(channels, table[key])
    units = table.get("action_units")
    if isinstance(units, list):
        table["action_units"] = [_unit(name) for name in units]
    if isinstance(table.get("thresholds"), dict):
        table["thresholds"] = {_unit(name): value for name, value in table["thresholds"].items()}
    return table


def _unit(name: Any) -> Any:
    return (unit_of(name) or name) if isinstance(name, str) else name


def _faults(net: NetDescription) -> list[str]:
    units = net.units
    faults = [
        f"{key}: {value!r} is not {wanted}"
        for key, value, right, wanted in (
            (
                "architecture",
                net.architecture,
                _is_architecture(net),
                "vgg16, torchscript or FILE.py:FUNCTION",
            ),
            ("image_size", net.image_size, 16 <= net.image_size <= 1024, "from 16 to 1024"),
            ("channels", net.channels, net.channels in CHANNELS, "grey, rgb or bgr"),
            ("output", net.output, net.output in OUTPUTS, f"one of {', '.join(OUTPUTS)}"),
            ("pooling", net.pooling, net.pooling in POOLINGS, f"one of {', '.join(POOLINGS)}"),
            ("unsure_below", net.unsure_below, 0 <= net.unsure_below <= 1, "from 0 to 1"),
        )
        if not right
    ]
    unknown = [unit for unit in units if unit not in UNIT_COLUMNS]
    if unknown:
        faults.append(
            f"action_units: facecue does not know {', '.join(unknown)}; it knows {', '.join(UNIT_COLUMNS)}, "
            f'and "{UNUSED}" leaves a column of the net out'
        )
    faults += [
        f"action_units: {unit} stands twice" for unit in sorted({u for u in units if units.count(u) > 1})
    ]
    if not units:
        faults.append("action_units: there is none")
    for key, values in (("mean", net.mean), ("divide_by", net.divide_by)):
        wanted = CHANNELS.get(net.channels, ())
        if wanted and set(values) != set(wanted):
            faults.append(f"{key}: give a number, or one for each of {', '.join(wanted)}")
        if key == "divide_by" and not all(math.isfinite(1 / v) if v else False for v in values.values()):
            faults.append("divide_by: 0 divides nothing")
    faults += [f"thresholds: {u} is none of action_units" for u in net.thresholds if u not in units]
    faults += [
        f"thresholds: {u} {v} is not between 0 and 1" for u, v in net.thresholds.items() if not 0 < v < 1
    ]
    faults += [f"emotions: {e} is none of {', '.join(EMOTIONS)}" for e in net.emotions if e not in EMOTIONS]
    if not net.emotions:
        faults.append("emotions: the runtime's attitude needs them: leave the key out for the released stage")
    elif net.emotion_stage == RELEASED_STAGE and net.emotions != list(EMOTIONS):
        faults.append("emotions: the released stage has all eight in its own order: leave the key out")
    faults += [
        f"tolerances.{name}: there are only {' and '.join(PRECISIONS)}"
        for name in net.tolerances
        if name not in PRECISIONS
    ]
    return faults


def _is_architecture(net: NetDescription) -> bool:
    place, _, function = net.architecture.partition(":")
    return net.architecture in ("vgg16", "torchscript") or bool(place and function.isidentifier())


def _weights(path: Path, described: NetDescription) -> Path:
    if described.weights:
        found = path.parent / described.weights
        if not found.is_file():
            raise DataError(f"{path}: weights: there is no file {found}")
        return found
    for suffix in WEIGHTS:
        if path.with_suffix(suffix).is_file():
            return path.with_suffix(suffix)
    names = ", ".join(path.with_suffix(suffix).name for suffix in WEIGHTS)
    raise DataError(f"{path}: none of {names} lies beside it: name the file of the weights in weights")
