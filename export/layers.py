"""Which layers the last compiler for the Neural Compute Stick takes, and what to write for the others.

The tables were measured one operator at a time with the model optimizer and the Myriad plugin of OpenVINO
2021.4.2; tests/export/test_layers_compiler.py measures them again where that environment is there. What
hangs on more than an operator's name (sizes, number of stages) the compiler itself must judge.
"""

from __future__ import annotations

from collections.abc import Iterator

import onnx

from export.errors import ExportError

STICK = "the compiler for the Neural Compute Stick (OpenVINO 2021.4.2)"

_SIZE = "its result's size hangs on the picture, and every size must be fixed"
_FOLD = "write sigmoid, tanh or a polynomial instead, and train again"
_INT8 = "export the net in floating point: facecue makes INT8 for processors itself"
_FIXED = "write out the branch that is taken: one picture of one size is all there is"

REFUSED: dict[str, str] = {
    "Abs": "write torch.maximum(x, -x), the same numbers",
    "Sign": "write (x * 10000).clamp(-1, 1)",
    "HardSigmoid": (
        "write relu6(x + 3) / 6 for hardsigmoid and x * relu6(x + 3) / 6 for hardswish, the same numbers"
    ),
    "Selu": "write 1.0507009873554805 * elu(x, 1.6732632423543772), the same numbers",
    "Celu": "write elu(x), the same numbers where alpha is 1",
    "CumSum": "multiply by a triangular matrix of ones, the same numbers",
    "ReduceL1": "write torch.maximum(x, -x).sum(...), the same numbers",
    "ReduceLogSumExp": "write torch.log(torch.exp(x).sum(...)), the same numbers where x is small",
    "ReduceProd": "multiply the slices one by one, the same numbers",
    "Unsqueeze": "write reshape with the sizes as numbers, the same numbers",
    **dict.fromkeys(("Sin", "Cos", "Tan", "Asin", "Acos", "Atan"), _FOLD),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), "one picture has no order: use convolutions"),
    **dict.fromkeys(("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"), _INT8),
    **dict.fromkeys(("If", "Loop", "Scan"), _FIXED),
    **dict.fromkeys(("NonZero", "Unique", "Compress", "NonMaxSuppression"), _SIZE),
}
"""ONNX operator -> what to use instead."""

_TAKEN = """
Add And ArgMax AveragePool BatchNormalization Cast Ceil Clip Concat Constant ConstantOfShape Conv
ConvTranspose DepthToSpace Div Dropout Elu Equal Erf Exp Expand Flatten Floor Gather Gemm
GlobalAveragePool GlobalMaxPool Greater Identity InstanceNormalization LeakyRelu Less Log LogSoftmax
MatMul Max MaxPool Min Mul Neg Not Pad Pow PRelu Reciprocal ReduceL2 ReduceMax ReduceMean ReduceMin
ReduceSum Relu Reshape Resize Round Shape Sigmoid Slice Softmax Softplus Split Sqrt Squeeze Sub Tanh Tile
TopK Transpose Where
"""
TAKEN: frozenset[str] = frozenset(_TAKEN.split())
"""ONNX operators that compiled."""

ALWAYS_SEEN = ("If", "Loop", "Scan")
"""They take what they work on from around them, not from their inputs."""
SIZES_ONLY = ("Shape", "Size")
"""What comes out of these is known before any picture is."""


def require_layers(model: onnx.ModelProto) -> tuple[str, ...]:
    """Raise ExportError with every layer that the stick's compiler refuses, and what to use instead.

    Returns a warning that names the layers that nobody has tried: of these the compiler decides. What
    is computed from constants and sizes alone never reaches a device, and is not looked at.
    """
    faults, untried = [], []
    for node in _computed_from_the_picture(model.graph):
        reason = _reason(node)
        if reason:
            faults.append(f"{place(node)} is {node.op_type}: {reason}")
        elif node.op_type not in TAKEN:
            untried.append(f"{place(node)} ({node.op_type})")
    if faults:
        raise ExportError(f"{STICK} refuses {len(faults)} of the net's layers: {'; '.join(faults)}")
    if not untried:
        return ()
    return (f"nobody has tried whether {STICK} takes {', '.join(untried)}: it decides",)


def place(node: onnx.NodeProto) -> str:
    """Where a node comes from: the path of its module in the torch net, and the node's own name."""
    name = node.name or (node.output[0] if node.output else "")
    path = module_path(name)
    return f"{path} (ONNX node {name})" if path else f"ONNX node {name}"


def module_path(node_name: str) -> str:
    """ "/features/features.0/act/HardSigmoid" -> "features.0.act"; nothing for what stands in forward().

    torch names a module inside a list by the list's name and its number.
    """
    parents: list[str] = []
    for scope in node_name.strip("/").split("/")[:-1]:
        if parents and scope.startswith(f"{parents[-1]}."):
            parents[-1] = scope
        else:
            parents.append(scope)
    return ".".join(parents)


def _reason(node: onnx.NodeProto) -> str:
    if node.domain not in ("", "ai.onnx"):
        return f"{node.domain} is nobody's but its maker's: use an operator of ONNX itself"
    if node.op_type == "Resize":
        mode = next((a.s.decode() for a in node.attribute if a.name == "mode"), "nearest")
        return (
            "" if mode in ("nearest", "linear") else f'mode {mode} is not there: use "bilinear" or "nearest"'
        )
    return REFUSED.get(node.op_type, "")


def _computed_from_the_picture(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    given = {tensor.name for tensor in graph.initializer}
    moving = {tensor.name for tensor in graph.input} - given
    for node in graph.node:
        if moving.intersection(node.input) or node.op_type in ALWAYS_SEEN:
            yield node
            if node.op_type not in SIZES_ONLY:
                moving.update(node.output)
