"""Every runtime that can run a net, in one table.

Nothing of a runtime is imported before it is asked for its devices or opens a net.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from edge.backends import installed
from edge.backends.base import Backend
from edge.backends.reasons import STICK
from edge.errors import BackendError
from edge.model_folder import ModelFolder

AUTO = "auto"


@dataclass(frozen=True)
class Runtime:
    """One way to run a net.

    name: as in model.runtime. words: the same for people. module, backend: where its backend is.
    package: what is to be installed, empty where it comes with facecue. versions: the first and the
    last year of its version that will do, or none. reads: the artefacts it reads, best first.
    stick_reads: the same for a Neural Compute Stick. advice: how to install it.
    """

    name: str
    words: str
    module: str
    backend: str
    package: str
    versions: tuple[int, int] | None
    reads: tuple[str, ...]
    stick_reads: tuple[str, ...]
    advice: str

    def installed(self) -> str | None:
        """Its version, or None if it is not installed."""
        if not self.package:
            return "1"
        found = installed.version(self.package)
        if found is None or self.versions is None:
            return found
        year = found.partition(".")[0]
        return found if year.isdigit() and self.versions[0] <= int(year) <= self.versions[1] else None

    def accepted(self, device: str = AUTO) -> tuple[str, ...]:
        """The artefacts it reads for a device, the one it likes best first."""
        reads = self.stick_reads if device.startswith(STICK) else self.reads
        if self.package:
            return reads
        # The fake has its answers from a real runtime.
        real = {name for other in RUNTIMES if other.package and other.installed() for name in other.reads}
        return tuple(name for name in reads if name in real)

    def devices(self) -> list[str]:
        """The devices it finds on this machine. Raises BackendError if it cannot be loaded."""
        return list(self._backend().devices())

    def open(self, folder: ModelFolder, device: str = AUTO, threads: int = 0) -> Backend:
        """Load a net. Raises BackendError with one sentence that says what to do."""
        backend: Backend = self._backend()(folder, device, threads)
        return backend

    def _backend(self) -> Any:
        return getattr(import_module(self.module), self.backend)


RUNTIMES = (
    Runtime(
        name="openvino",
        words="OpenVINO 2023 or newer",
        module="edge.backends.openvino_core",
        backend="OpenVinoBackend",
        package="openvino",
        versions=(2023, 9999),
        reads=("int8", "fp16", "stick"),
        # It drives no stick, and is to say so itself: the network is not what is wrong.
        stick_reads=("int8", "fp16", "stick"),
        advice="install facecue again",
    ),
    Runtime(
        name="openvino-2022",
        words="OpenVINO 2022",
        module="edge.backends.openvino_2022",
        backend="OpenVino2022Backend",
        package="openvino",
        versions=(2022, 2022),
        reads=("int8", "fp16", "stick"),
        stick_reads=("stick",),
        advice="set it up with scripts/install-runtime 2022",
    ),
    Runtime(
        name="openvino-2021",
        words="OpenVINO 2021.4",
        module="edge.backends.openvino_2021",
        backend="OpenVino2021Backend",
        package="openvino",
        versions=(2021, 2021),
        reads=("stick",),
        stick_reads=("stick",),
        advice="set it up with scripts/install-runtime 2021",
    ),
    Runtime(
        name="onnxruntime",
        words="ONNX Runtime",
        module="edge.backends.onnx_runtime",
        backend="OnnxBackend",
        package="onnxruntime",
        versions=None,
        reads=("onnx",),
        stick_reads=(),
        advice="pip install onnxruntime",
    ),
    Runtime(
        name="fake",
        words="a fake for trying things out",
        module="edge.backends.fake",
        backend="FakeBackend",
        package="",
        versions=None,
        reads=("int8", "fp16", "stick", "onnx"),
        stick_reads=("stick", "int8", "fp16", "onnx"),
        advice="install facecue again",
    ),
)
NAMES = tuple(runtime.name for runtime in RUNTIMES)


def candidates(name: str = AUTO) -> list[Runtime]:
    """The runtimes that may be used, best first: the one that is named, or all that are installed.

    The fake is only used where it is named. Raises BackendError if there is none.
    """
    if name != AUTO:
        return [_named(name)]
    found = [runtime for runtime in RUNTIMES if runtime.package and runtime.installed()]
    if not found:
        raise BackendError("no runtime that could run a net is installed: install facecue again")
    return found


def find(name: str = AUTO) -> Runtime:
    """The runtime that is named, or the best that is installed. Raises BackendError if there is none."""
    return candidates(name)[0]


def _named(name: str) -> Runtime:
    for runtime in RUNTIMES:
        if runtime.name == name:
            if runtime.installed() is None:
                there = ", ".join(r.name for r in RUNTIMES if r.package and r.installed()) or "none"
                raise BackendError(
                    f"the runtime {name} ({runtime.words}) is not installed; this machine has {there}: "
                    f"{runtime.advice}, or set model.runtime to auto"
                )
            return runtime
    raise BackendError(f"there is no runtime {name}; known are {', '.join(NAMES)}: set model.runtime to one")
