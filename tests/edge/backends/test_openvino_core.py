"""What the runtime may refuse while a net is loaded becomes one sentence, and what "auto" takes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edge.backends import runtimes
from edge.backends.openvino_core import OpenVinoBackend
from edge.backends.telemetry import keep_quiet
from edge.errors import BackendError
from edge.model_folder import ModelFolder

if not any(runtime.name == "openvino" and runtime.installed() for runtime in runtimes.RUNTIMES):
    pytest.skip("needs OpenVINO 2023 or newer", allow_module_level=True)
keep_quiet()
import openvino  # noqa: E402  its telemetry looks at the home directory when it is imported

RealCore = openvino.Core
WORDS = "Exception from src/inference/src/core.cpp:1:\nthe plugin is gone\n"


class RefusingRequests:
    """A compiled net that gives no infer request."""

    def __init__(self, compiled: Any) -> None:
        self.input, self.output = compiled.input, compiled.output

    def create_infer_request(self) -> None:
        raise RuntimeError(WORDS)


class FailingCore:
    """The real runtime up to one step, which the machines of these tests cannot fail in."""

    step = ""

    def __init__(self) -> None:
        self._fail_at("start")
        self._core = RealCore()
        self.read_model = self._core.read_model

    @property
    def available_devices(self) -> list[str]:
        self._fail_at("devices")
        return list(self._core.available_devices)

    def compile_model(self, *arguments: Any) -> Any:
        self._fail_at("compile")
        compiled = self._core.compile_model(*arguments)
        return RefusingRequests(compiled) if self.step == "request" else compiled

    def get_property(self, *arguments: Any) -> Any:
        self._fail_at("property")
        return self._core.get_property(*arguments)

    def _fail_at(self, step: str) -> None:
        if self.step == step:
            raise RuntimeError(WORDS)


class SilentCore:
    """A runtime that fails without a word."""

    def __init__(self) -> None:
        raise RuntimeError


class CoreWithStick:
    """A runtime that lists a stick, whose work the processor does here."""

    def __init__(self) -> None:
        self._core = RealCore()
        self.available_devices = ["CPU", "MYRIAD.1"]
        self.read_model = self._core.read_model

    def compile_model(self, model: Any, device: str, options: Any) -> Any:
        return self._core.compile_model(model, "CPU", options)

    def get_property(self, device: str, name: str) -> str:
        return f"the {name} of {device}"


@pytest.mark.parametrize("step", ["start", "devices", "compile", "request", "property"])
def test_whatever_the_runtime_refuses_is_one_sentence(
    tiny: ModelFolder, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setattr(openvino, "Core", FailingCore)
    monkeypatch.setattr(FailingCore, "step", step)
    with pytest.raises(BackendError) as caught:
        OpenVinoBackend(tiny, "CPU")
    assert "(the plugin is gone)" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_runtime_that_fails_without_a_word_is_one_sentence_too(
    tiny: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openvino, "Core", SilentCore)
    with pytest.raises(BackendError, match="OpenVINO cannot start"):
        OpenVinoBackend(tiny)


def test_auto_is_the_processor(tiny: ModelFolder) -> None:
    device = OpenVinoBackend(tiny, "auto", threads=1)
    try:
        assert (device.device, bool(device.description)) == ("CPU", True)
    finally:
        device.close()


def test_auto_is_the_stick_where_the_runtime_lists_one(
    tiny: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openvino, "Core", CoreWithStick)
    device = OpenVinoBackend(tiny, "auto")
    try:
        assert device.device == "MYRIAD.1"
        assert device.description == "the FULL_DEVICE_NAME of MYRIAD.1"
    finally:
        device.close()


class HangingRequest:
    """An infer request that never answers."""

    def start_async(self, inputs: dict[str, Any]) -> None:
        self.asked = inputs

    def wait_for(self, milliseconds: int) -> bool:
        assert milliseconds == 10_000
        return False

    def get_tensor(self, output: Any) -> Any:
        return SimpleNamespace(data=np.zeros((1, 22), dtype=np.float32))


def test_a_device_that_hangs_is_given_up(tiny: ModelFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    device = OpenVinoBackend(tiny, "CPU")
    monkeypatch.setattr(device, "_request", HangingRequest())
    with pytest.raises(BackendError, match="CPU has not answered for 10 seconds: start facecue again"):
        device.infer(np.zeros((1, 3, 32, 32), dtype=np.float32))
    device.close()
