"""What a child is told when it is started."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

MOST_BYTES = 1 << 16
"""No message between the two is longer."""


@dataclass(frozen=True)
class Order:
    """Which net to load where, and the ends of what is shared with the parent.

    folder, precision: the model folder and its network. runtime: a name of edge.backends.runtimes.
    device: as the runtime names it. side, units: sizes of the picture and the answer. parent: its
    process. control: descriptor of the socket. slots: descriptor of edge.stick.shared.Slots.
    """

    folder: str
    precision: str
    runtime: str
    device: str
    side: int
    units: int
    parent: int
    control: int
    slots: int

    def text(self) -> str:
        """For the child's command line."""
        return json.dumps(asdict(self))

    @staticmethod
    def of(text: str) -> Order:
        return Order(**json.loads(text))
