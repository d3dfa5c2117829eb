"""Two nets are timed in turn, and the slower one is found."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import tiny_model

from edge import cli
from edge.action_units import ActionUnitNet
from edge.backends.openvino_core import OpenVinoBackend
from edge.model_folder import ModelFolder
from edge.side_by_side import side_by_side


class Slow(ActionUnitNet):
    """The same net on a processor that takes its time."""

    def of_crop(self, crop: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        time.sleep(0.01)
        return super().of_crop(crop)


def test_the_slower_one_is_found(tiny: ModelFolder) -> None:
    crops = tiny.golden().crops
    device = OpenVinoBackend(tiny, "CPU")
    try:
        quick, slow = ActionUnitNet(device, tiny.card), Slow(device, tiny.card)
        assert side_by_side(quick, slow, crops, rounds=2).ratio > 1
        assert side_by_side(slow, quick, crops, rounds=2).ratio < 1
    finally:
        device.close()


def test_the_command_names_both_and_the_ratio(
    tiny: ModelFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tiny_model.build(tmp_path / "other")
    assert cli.main(["bench", "--model", str(tiny.path), "--against", str(other)]) == 0
    assert "times as long as" in capsys.readouterr().out
