"""The memory between parent and child has no name and leaves nothing."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from stick_help import descriptors

from edge.stick.shared import Slots, anonymous


@pytest.mark.parametrize("old_python", [False, True])
def test_both_ends_see_the_same_numbers_and_nothing_remains(
    old_python: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if old_python:
        monkeypatch.delattr(os, "memfd_create")
    before, names = descriptors(), sorted(Path("/dev/shm").iterdir())
    ours = Slots(4, 3)
    theirs = Slots(4, 3, os.dup(ours.descriptor))
    assert sorted(Path("/dev/shm").iterdir()) == names
    ours.image[...] = np.arange(48, dtype=np.float32).reshape(1, 3, 4, 4)
    assert np.array_equal(theirs.image, ours.image) and theirs.image[0, 2, 3, 3] == 47.0
    theirs.answer[...] = [[1.0, 2.0, 3.0]]
    assert ours.answer.tolist() == [[1.0, 2.0, 3.0]]
    assert theirs.image[0, 2, 3, 3] == 47.0, "the answer lies behind the picture"
    ours.close()
    theirs.close()
    assert descriptors() == before


def test_memory_that_is_too_small_is_refused_and_closed() -> None:
    before = descriptors()
    with pytest.raises(ValueError, match="mmap length"):
        Slots(4, 3, anonymous("small", 8))
    assert descriptors() == before
