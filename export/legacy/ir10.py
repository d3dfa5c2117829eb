"""IR v10 as text: what a file says of itself, and how it is made the same on every machine."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from export.errors import ExportError

VERSION = "10"


@dataclass(frozen=True)
class Tensor:
    """An input or output of a net: its name, its dims with the batch first, the type of its numbers."""

    name: str
    dims: tuple[int, ...]
    type: str

    def __str__(self) -> str:
        return f"{self.name} {self.type} {list(self.dims)}"


@dataclass(frozen=True)
class Net:
    """What stands in an IR: its tensors, and the type of each layer by its name."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    layers: dict[str, str]


def read(xml: Path) -> Net:
    """What an IR v10 says. Raises ExportError if it is none or if its weights are not beside it."""
    root = _root(xml)
    if root.get("version") != VERSION:
        raise ExportError(
            f"{xml} is IR v{root.get('version')}, and the Myriad X compiler reads v{VERSION}: "
            "give it the file that 'facecue export ir' wrote for the stick"
        )
    if not xml.with_suffix(".bin").is_file():
        raise ExportError(f"{xml} has no weights: {xml.with_suffix('.bin').name} must lie beside it")
    layers = {layer.get("id", ""): layer for layer in root.iter("layer")}
    sources = {edge.get("to-layer", ""): edge for edge in root.iter("edge")}
    inputs, outputs = [], []
    for number, layer in layers.items():
        if layer.get("type") == "Parameter":
            inputs.append(_tensor(layer.get("name", ""), layer.find("output/port")))
        elif layer.get("type") == "Result" and number in sources:
            # 2021.4 calls an output by the layer that feeds it.
            source = layers.get(sources[number].get("from-layer", ""), layer)
            outputs.append(_tensor(source.get("name", ""), layer.find("input/port")))
    moving = [tensor for tensor in (*inputs, *outputs) if not all(size > 0 for size in tensor.dims)]
    if moving:
        raise ExportError(
            f"{xml} leaves a size open ({', '.join(map(str, moving))}), and Myriad X runs fixed ones only: "
            "export the net with a batch of 1 and a fixed picture size"
        )
    return Net(tuple(inputs), tuple(outputs), {x.get("name", ""): x.get("type", "") for x in layers.values()})


def make_canonical(xml: Path, names: Collection[str]) -> None:
    """Rewrite an IR so that it hangs on the net alone.

    The optimizer numbers the layers it adds in an order that differs from run to run, and records
    its options and folders. names: those of the net, which stay. Raises ExportError.
    """
    root = _root(xml)
    layers = list(root.iter("layer"))
    taken = {layer.get("name", "") for layer in layers if not _is_numbered(layer, names)}
    for layer in layers:
        if _is_numbered(layer, names):
            name = re.sub(r"_?\d+$", "", layer.get("name", "")) + f"_{layer.get('id')}"
            while name in taken:
                name += "_"
            taken.add(name)
            layer.set("name", name)
    for meta in root.findall("meta_data"):
        for part in meta.findall("cli_parameters"):
            meta.remove(part)
        ET.indent(meta, "\t", level=1)
    xml.write_text('<?xml version="1.0"?>\n' + ET.tostring(root, encoding="unicode") + "\n", encoding="utf-8")


def _is_numbered(layer: ET.Element, names: Collection[str]) -> bool:
    name = layer.get("name", "")
    return name not in names and name[-1:].isdigit()


def _root(xml: Path) -> ET.Element:
    try:
        # A network of the user's own: nothing hostile, and a parser that only reads.
        root = ET.parse(xml).getroot()  # noqa: S314
    except (OSError, ET.ParseError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ExportError(f"{xml} cannot be read as an OpenVINO network ({reason})") from error
    if root.tag != "net":
        raise ExportError(f"{xml} is no OpenVINO network: it begins with <{root.tag}>")
    return root


def _tensor(name: str, port: ET.Element | None) -> Tensor:
    if port is None:
        return Tensor(name, (), "")
    dims = tuple(int(dim.text or 0) for dim in port.findall("dim"))
    return Tensor(name, dims, port.get("precision", ""))
