"""One net in three runtimes: float32 [N, 3, S, S] images -> float32 [N, K] log-odds, one by one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import openvino
import torch
from torch import nn

from edge.card import Card

Float32 = npt.NDArray[np.float32]


@torch.no_grad()
def torch_logits(net: nn.Module, images: Float32) -> Float32:
    """What torch answers."""
    return _stack([net(torch.from_numpy(image[None])).numpy() for image in images])


def onnx_logits(path: Path, images: Float32) -> Float32:
    """What ONNX Runtime answers on the processor."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return _stack([session.run([Card.output], {Card.input: image[None]})[0] for image in images])


def ir_logits(xml: Path, images: Float32) -> Float32:
    """What OpenVINO answers on the processor when it counts in float32.

    Left alone it counts in bfloat16 where the processor can; then the difference measured would be
    the processor's and not the file's.
    """
    compiled = openvino.Core().compile_model(str(xml), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    request = compiled.create_infer_request()
    output = compiled.output(Card.output)
    return _stack([np.array(request.infer({Card.input: image[None]})[output]) for image in images])


def _stack(rows: list[Float32]) -> Float32:
    return np.concatenate(rows)
