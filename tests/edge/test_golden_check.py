"""The self-check passes on a device that answers rightly, and on no other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from tiny_model import TOLERANCE, change_arrays

from edge.action_units import ActionUnitNet
from edge.backends.openvino_core import OpenVinoBackend
from edge.errors import BackendError
from edge.golden_check import check
from edge.model_folder import ModelFolder, open_folder


class WrongDevice:
    """A device that does something to the answers of a sound one."""

    device = "WRONG"
    description = "a device that answers wrongly"

    def __init__(self, sound: OpenVinoBackend, factor: float) -> None:
        self._sound = sound
        self._factor = factor

    def infer(self, image: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return np.asarray(self._sound.infer(image) * np.float32(self._factor), dtype=np.float32)

    def close(self) -> None: ...


def test_a_sound_device_passes(tiny: ModelFolder, tiny_device: OpenVinoBackend) -> None:
    result = check(tiny, tiny_device)
    assert result.passed
    assert result.crops == 12
    assert result.allowed == TOLERANCE
    assert result.words == "self check passed"


@pytest.mark.parametrize("factor", [0.0, -1.0, 1.2, float("nan")])
def test_a_device_that_answers_wrongly_fails(
    tiny: ModelFolder, tiny_device: OpenVinoBackend, factor: float
) -> None:
    result = check(tiny, WrongDevice(tiny_device, factor))
    assert not result.passed
    assert "failed" in result.words


def test_altered_answers_fail_although_their_hash_is_right(
    damaged_folder: Path, tiny: ModelFolder, tiny_device: OpenVinoBackend
) -> None:
    altered = tiny.golden().logits.copy()
    # One number of 264, where the probability is not saturated.
    altered[np.unravel_index(np.abs(altered).argmin(), altered.shape)] += 1.0
    change_arrays(damaged_folder, "golden.npz", logits=altered)
    result = check(open_folder(damaged_folder), tiny_device)
    assert not result.passed
    assert result.probability > TOLERANCE.probability


def test_altered_emotions_fail_although_their_hash_is_right(
    damaged_folder: Path, tiny: ModelFolder, tiny_device: OpenVinoBackend
) -> None:
    change_arrays(damaged_folder, "golden.npz", emotions=np.roll(tiny.golden().emotions, 1, axis=1))
    result = check(open_folder(damaged_folder), tiny_device)
    assert not result.passed
    assert result.emotion_share == 1.0
    assert result.probability <= TOLERANCE.probability


def test_answers_that_are_no_numbers_never_become_a_reading(
    tiny: ModelFolder, tiny_device: OpenVinoBackend
) -> None:
    net = ActionUnitNet(WrongDevice(tiny_device, float("nan")), tiny.card)
    with pytest.raises(BackendError, match="WRONG answered with values that are no numbers"):
        net.of_crop(tiny.golden().crops[0])
