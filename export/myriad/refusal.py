"""What the Myriad X compiler's refusals mean, and what to do about them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from export.legacy.child import plain

EXPECTED = "Can not create infer request: there is no available devices with platform 2480"
"""What the plugin says when it has compiled a net and finds no stick to run it on. 2480: Myriad X."""
UNSUPPORTED = re.compile(r'Failed to compile layer "(?P<name>.*)": unsupported layer type "(?P<kind>\w+)"')
INSTEAD = {
    "Abs": "ReLU(x) + ReLU(-x)",
    "Sign": "a clamp of 10,000 x to -1..1",
    "HardSigmoid": "Sigmoid (and SiLU for Hardswish)",
    "FakeQuantize": "the FP16 network: Myriad X counts in FP16 only, and an INT8 one is for processors",
    "CumSum": "a 1x1 convolution with a triangular matrix",
}
"""What compiles in place of a layer that does not: all of it was tried."""


@dataclass(frozen=True)
class Unsupported:
    """A layer that Myriad X has not."""

    name: str
    kind: str

    def __str__(self) -> str:
        instead = INSTEAD.get(self.kind, "convolution, pooling, ReLU, PReLU, SiLU, GELU, Sigmoid or Softmax")
        return (
            f'the layer "{self.name}" of type {self.kind} does not exist on Myriad X: use {instead} instead'
        )


def unsupported(raised: str) -> Unsupported | None:
    """The layer that a refusal names, if that is why the net was refused."""
    found = UNSUPPORTED.search(raised)
    return Unsupported(found["name"], found["kind"]) if found else None


def explained(raised: str) -> str:
    """A refusal as the rest of a sentence, what to do included. raised: the plugin's words."""
    layer = unsupported(raised)
    if layer is not None:
        return str(layer)
    words = plain(raised)
    if "libusb" in words:
        return (
            "the compiler cannot be loaded, because libusb-1.0.so.0 is missing: install it with "
            "'apt-get update && apt-get install libusb-1.0-0' as root"
        )
    if "Dynamic dimension" in words or "dynamic" in words:
        return f'the compiler said "{words}": give every dimension of the net a fixed size'
    return f'the compiler said "{words}": leave layers out until it compiles, to find the one it means'
