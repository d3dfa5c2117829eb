"""Networks that the Myriad X compiler must refuse: a check that refuses nothing shows nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

DIMS = (1, 3, 8, 8)


@dataclass(frozen=True)
class Control:
    """A network of one layer that Myriad X has not. limits: what else the layer takes, one number each."""

    kind: str
    what: str
    attributes: str = ""
    limits: tuple[float, ...] = ()

    def write(self, folder: Path) -> Path:
        """Write it as IR v10 FP16; returns the .xml."""
        xml = folder / f"{self.kind}.xml"
        last = len(self.limits) + 1
        layers = [
            _layer(0, "Parameter", f'shape="{",".join(map(str, DIMS))}" element_type="f16"', (), 0),
            *(
                _layer(i, "Const", f'shape="" element_type="f16" offset="{2 * i - 2}" size="2"', (), 0, ())
                for i in range(1, last)
            ),
            _layer(last, self.kind, self.attributes, (DIMS, *(() for _ in self.limits)), last),
            _layer(last + 1, "Result", "", (DIMS,), None),
        ]
        edges = [
            *(f'<edge from-layer="{i}" from-port="0" to-layer="{last}" to-port="{i}"/>' for i in range(last)),
            f'<edge from-layer="{last}" from-port="{last}" to-layer="{last + 1}" to-port="0"/>',
        ]
        xml.write_text(
            '<?xml version="1.0"?>\n<net name="control" version="10">\n'
            f"<layers>{''.join(layers)}</layers>\n<edges>{''.join(edges)}</edges>\n</net>\n",
            encoding="utf-8",
        )
        # Without weights the reader wants a file nevertheless.
        xml.with_suffix(".bin").write_bytes(np.array(self.limits or (0.0,), dtype=np.float16).tobytes())
        return xml


CONTROLS = (
    Control("Abs", "a net with Abs"),
    Control("FakeQuantize", "an INT8 net", 'levels="256"', (0.0, 255.0, 0.0, 255.0)),
)


def _layer(
    number: int,
    kind: str,
    attributes: str,
    inputs: Sequence[Sequence[int]],
    output: int | None,
    dims: Sequence[int] = DIMS,
) -> str:
    taken = "".join(_port(i, shape) for i, shape in enumerate(inputs))
    given = "" if output is None else f"<output>{_port(output, dims)}</output>"
    return (
        f'<layer id="{number}" name="{kind}_{number}" type="{kind}" version="opset1">'
        f"{f'<data {attributes}/>' if attributes else ''}"
        f"{f'<input>{taken}</input>' if taken else ''}{given}</layer>"
    )


def _port(number: int, dims: Sequence[int]) -> str:
    return f'<port id="{number}" precision="FP16">{"".join(f"<dim>{d}</dim>" for d in dims)}</port>'
