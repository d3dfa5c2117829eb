"""What only a stick does, with the texts of the real plugin, played by an Inference Engine of our own."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edge.backends.openvino_2021 import OpenVino2021Backend
from edge.errors import BackendError
from edge.model_folder import open_folder

TINY = Path(__file__).resolve().parent / "tiny"
PICTURE = np.zeros((1, 3, 32, 32), dtype=np.float32)
LOST = "Failed to read output from FIFO: NC_ERROR"


class Request:
    """An infer request of a stick, which does what `trouble` says."""

    def __init__(self, trouble: str) -> None:
        self.trouble = trouble
        self.asked: list[str] = []
        self.output_blobs = {"action_unit_logits": SimpleNamespace(buffer=np.ones((1, 22), np.float16))}

    def async_infer(self, inputs: dict[str, Any]) -> None:
        self.asked += inputs
        if self.trouble == "lost at start":
            raise RuntimeError(LOST)

    def wait(self, milliseconds: int) -> int:
        assert milliseconds == 10_000
        if self.trouble == "lost":
            raise RuntimeError(LOST)
        return {"hangs": -9, "refuses": -1}.get(self.trouble, 0)


class Engine:
    """IECore with one stick, or none; the trouble is that of the test."""

    trouble = ""
    available_devices = ("CPU", "MYRIAD.1.2-ma2480")

    def __init__(self) -> None:
        self.request = Request(self.trouble)
        self.options: dict[str, str] = {}

    def read_network(self, network: str, weights: str) -> Any:
        assert Path(network).is_file() and Path(weights).is_file()
        shape = SimpleNamespace(shape=[1, 3, 32, 32])
        return SimpleNamespace(
            input_info={"image": SimpleNamespace(input_data=shape)},
            outputs={"action_unit_logits": SimpleNamespace(shape=[1, 22])},
        )

    def load_network(self, network: Any, device: str, options: dict[str, str], num_requests: int) -> Any:
        if self.trouble in TEXTS:
            raise RuntimeError(self.trouble)
        type(self).last = (device, options, num_requests)
        return SimpleNamespace(requests=[self.request])

    def get_metric(self, device: str, name: str) -> str:
        if device == "MYRIAD":
            raise RuntimeError("No devices available.")
        return f"{name} of {device}"


NO_LIBRARY = (
    "Failed to create plugin libmyriadPlugin.so for device MYRIAD\nPlease, check your environment\n"
    "Cannot load library 'libmyriadPlugin.so': libusb-1.0.so.0: cannot open shared object file"
)
TEXTS = {
    "Can not init Myriad device: NC_ERROR": r"Stick cannot be used \(Can not .*NC_ERROR\): plug it in, let",
    NO_LIBRARY: r"Stick cannot be used \(Cannot load .*\): install the system's package libusb-1\.0-0",
    'Device with "MYRIAD" name is not registered in the InferenceEngine': "cannot drive a Neural Compute",
    "unsupported layer type": r"MYRIAD cannot load .*stick/model\.xml \(unsupported layer type\): ",
}


@pytest.fixture(autouse=True)
def engine(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("openvino.inference_engine")
    module.IECore = Engine  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "openvino", ModuleType("openvino"))
    monkeypatch.setitem(sys.modules, "openvino.inference_engine", module)


def stick(trouble: str, monkeypatch: pytest.MonkeyPatch, device: str = "MYRIAD") -> OpenVino2021Backend:
    monkeypatch.setattr(Engine, "trouble", trouble)
    return OpenVino2021Backend(open_folder(TINY, "stick"), device)


def test_a_stick_that_is_listed_is_taken_by_auto_and_told_to_answer_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    device = stick("", monkeypatch, "auto")
    assert device.device == "MYRIAD.1.2-ma2480"
    assert device.description == "FULL_DEVICE_NAME of MYRIAD.1.2-ma2480"
    assert Engine.last == ("MYRIAD.1.2-ma2480", {"MYRIAD_THROUGHPUT_STREAMS": "1"}, 1)
    answer = device.infer(PICTURE)
    assert (answer.dtype, answer.shape) == (np.float32, (1, 22))
    device.close()


def test_a_stick_that_runs_is_no_longer_listed_and_is_opened_by_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Engine, "available_devices", ("CPU",))
    device = stick("", monkeypatch)
    assert (device.device, device.description) == ("MYRIAD", "Neural Compute Stick")


@pytest.mark.parametrize("words", list(TEXTS))
def test_why_a_stick_cannot_be_used_is_one_sentence(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BackendError, match=TEXTS[words]) as caught:
        stick(words, monkeypatch)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("lost at start", r"MYRIAD failed while running \(Failed to read output from FIFO: NC_ERROR\): "),
        ("lost", r"MYRIAD failed while running \(Failed to read output from FIFO: NC_ERROR\): "),
        ("refuses", r"MYRIAD failed while running \(status -1\): "),
        ("hangs", "MYRIAD has not answered for 10 seconds: "),
    ],
)
def test_a_stick_that_is_lost_or_hangs_is_told_with_what_to_do(
    trouble: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = stick(trouble, monkeypatch)
    with pytest.raises(BackendError, match=words + "start facecue again, .* unplug it and plug it in again"):
        device.infer(PICTURE)
    device.close()


def test_a_picture_of_another_shape_never_reaches_the_stick(monkeypatch: pytest.MonkeyPatch) -> None:
    device = stick("", monkeypatch)
    with pytest.raises(BackendError, match="takes a picture of the shape"):
        device.infer(np.zeros((1, 3, 32, 31), dtype=np.float32))
    assert device._request.asked == []
