"""The environment with OpenVINO 2021.4.2, made from the Python package index."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from export import side_environment
from export.errors import ExportError
from export.files import put
from export.legacy import ir10, python
from export.legacy.child import ChildFault, ask
from export.side_environment import SideEnvironmentError

Float32 = npt.NDArray[np.float32]

NAME = "openvino-2021"
REQUIREMENTS = (
    "openvino==2021.4.2",
    "numpy==1.19.5",
    "onnx==1.11.0",
    "protobuf==3.20.3",
    "networkx==2.8.8",
    "defusedxml==0.7.1",
)
"""The runtime with its Myriad X compiler, and what the model optimizer imports."""
PACKAGES = ("openvino-dev==2021.4.2", "depthai==2.30.0.0", "libusb-package==1.0.26.4")
"""The model optimizer, a reader of blobs, and libusb for machines without it. Without their own
requirements: the optimizer's name whole frameworks, one of which would have to be compiled."""


@dataclass(frozen=True)
class LegacyEnvironment:
    """OpenVINO 2021.4.2: its model optimizer, its runtime on the processor, its Myriad X compiler.

    python: of the environment; scripts of ours run there as child processes.
    """

    python: Path

    @classmethod
    def find(cls) -> LegacyEnvironment | None:
        """The environment, if it was set up."""
        for interpreter in python.interpreters():
            if side_environment.exists(
                NAME, REQUIREMENTS, without_dependencies=PACKAGES, interpreter=interpreter
            ):
                return cls._made_with(interpreter)
        return None

    @classmethod
    def need(cls) -> LegacyEnvironment:
        """The environment. Raises ExportError, with the command that sets it up."""
        python.require_machine()
        found = cls.find()
        if found is None:
            raise ExportError(
                "OpenVINO 2021.4.2 is not set up, which writes and compiles the network for the stick: "
                "run 'facecue export setup-legacy' (about 80 MB from the Python package index)"
            )
        return found

    @classmethod
    def set_up(cls, progress: Callable[[str], None]) -> LegacyEnvironment:
        """The environment, made where it was not there. progress: told what begins. Raises ExportError."""
        python.require_machine()
        found = cls.find()
        if found is not None:
            return found
        interpreter = python.find()
        progress(
            f"installing OpenVINO 2021.4.2 for Python {interpreter.version}, about 80 MB from the Python "
            "package index"
        )
        return cls._made_with(interpreter)

    @classmethod
    def _made_with(cls, interpreter: side_environment.Interpreter) -> LegacyEnvironment:
        try:
            return cls(
                side_environment.python_of(
                    NAME, REQUIREMENTS, without_dependencies=PACKAGES, interpreter=interpreter
                )
            )
        except SideEnvironmentError as error:
            raise ExportError(f"OpenVINO 2021.4.2 cannot be set up: {error}") from error

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self.python.parent.parent

    def write_ir10(self, onnx: Path, xml: Path) -> None:
        """Write an ONNX file as IR v10 with FP16 weights: `xml`, and the .bin beside it.

        The same net gives the same bytes. Raises ExportError with the optimizer's words; then both
        files are as they were.
        """
        names = _names(onnx)
        with tempfile.TemporaryDirectory(prefix="facecue-legacy-") as place:
            made = Path(place) / "model.xml"
            try:
                ask(self.python, "step_write_ir", {"onnx": onnx.resolve(), "folder": place})
            except ChildFault as fault:
                raise ExportError(
                    f"the 2021.4.2 model optimizer cannot convert {onnx} ({fault}): use layers that it "
                    "knows, and a fixed size for every dimension of the input"
                ) from fault
            ir10.make_canonical(made, names.all)
            _require_tensors(made, names)
            try:
                put({made: xml, made.with_suffix(".bin"): xml.with_suffix(".bin")})
            except OSError as error:
                raise ExportError(f"{xml} cannot be written ({error.strerror})") from error

    def logits(self, xml: Path, images: Float32) -> Float32:
        """What the 2021.4.2 runtime answers on the processor, image by image.

        images: float32 [N, 3, S, S] -> float32 [N, K]. Raises ExportError.
        """
        for path in (xml, xml.with_suffix(".bin")):
            if not path.is_file():
                raise ExportError(f"there is no {path}")
        with tempfile.TemporaryDirectory(prefix="facecue-legacy-") as place:
            sent, answers = Path(place) / "images.npy", Path(place) / "answers.npy"
            np.save(sent, images)
            try:
                ask(
                    self.python,
                    "step_infer",
                    {"xml": xml.resolve(), "images": sent, "answers": answers},
                )
            except ChildFault as fault:
                raise ExportError(f"OpenVINO 2021.4.2 cannot run {xml} ({fault})") from fault
            return np.asarray(np.load(answers), dtype=np.float32)


@dataclass(frozen=True)
class _Names:
    """The names in an ONNX file: of everything, and of its inputs and outputs."""

    all: frozenset[str]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def _names(path: Path) -> _Names:
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        graph = onnx.load(str(path), load_external_data=False).graph
    except OSError as error:
        raise ExportError(f"{path} cannot be read ({error.strerror})") from error
    except DecodeError as error:
        raise ExportError(f"{path} is no ONNX file") from error
    weights = {tensor.name for tensor in graph.initializer}
    inputs = tuple(tensor.name for tensor in graph.input if tensor.name not in weights)
    outputs = tuple(tensor.name for tensor in graph.output)
    nodes = {name for node in graph.node for name in (node.name, *node.output)}
    return _Names(frozenset({*weights, *inputs, *nodes}), inputs, outputs)


def _require_tensors(xml: Path, names: _Names) -> None:
    net = ir10.read(xml)
    found = {t.name for t in net.inputs}, {t.name for t in net.outputs}
    wanted = set(names.inputs), set(names.outputs)
    if found != wanted:
        raise ExportError(
            f"the 2021.4.2 model optimizer gave the net the tensors {sorted(found[0] | found[1])}, "
            f"not {sorted(wanted[0] | wanted[1])}: name the output after the layer that makes it"
        )
