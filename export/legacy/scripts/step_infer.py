"""An IR on the processor."""

from __future__ import annotations

from typing import Any

import numpy as np
from openvino.inference_engine import IECore


def main(request: dict[str, str]) -> dict[str, Any]:
    """xml: the net, with one input and one output. images, answers: .npy files, float32, one row an image.

    Raises ValueError if they do not fit, RuntimeError with the plugin's words.
    """
    images = np.load(request["images"])
    core = IECore()
    net = core.read_network(request["xml"])
    if len(net.input_info) != 1 or len(net.outputs) != 1:
        raise ValueError(
            f"it has the inputs {', '.join(net.input_info)} and the outputs {', '.join(net.outputs)}, "
            "not one of each"
        )
    (name, info), (output, _) = next(iter(net.input_info.items())), next(iter(net.outputs.items()))
    wanted = tuple(info.input_data.shape)
    if (1, *images.shape[1:]) != wanted:
        raise ValueError(f"it takes {wanted}, and an image is {images.shape[1:]}")
    compiled = core.load_network(net, "CPU")
    rows = [compiled.infer({name: image[None]})[output] for image in images]
    np.save(request["answers"], np.concatenate(rows).astype(np.float32))
    return {}
