"""One real child: started, asked, lost in every way there is, and gone without a trace."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from stick_help import PATIENT_SECONDS, children, descriptors, until

from edge.backends.base import Backend
from edge.backends.fake_stick import ABSENT, LOST, VARIABLE
from edge.errors import BackendError, StickError
from edge.model_folder import ModelFolder
from edge.stick import process as process_module
from edge.stick.process import StickProcess

IMAGE = np.arange(3 * 32 * 32, dtype=np.float32).reshape(1, 3, 32, 32) % 256


@contextmanager
def started(folder: ModelFolder, answer_seconds: float = 10.0) -> Iterator[StickProcess]:
    before = descriptors()
    process = StickProcess(folder, "fake", "MYRIAD", answer_seconds)
    try:
        yield process
    finally:
        process.close()
    assert process.pid not in children(os.getpid()), "not even a zombie"
    assert descriptors() == before


def test_it_is_found_then_ready_and_answers_as_the_processor(
    tiny: ModelFolder, tiny_device: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "boot=0.3s;reenumerate=0.3s")
    with started(tiny) as process:
        assert not process.found
        with pytest.raises(BackendError, match="shape"):
            process.infer(IMAGE[:, :1])
        until(lambda: process.wait(0.0) or process.found)
        assert process.found and not process.ready
        assert process.wait(PATIENT_SECONDS)
        assert process.device == "MYRIAD" and "fake stick" in process.description
        for shift in range(3):
            image = np.roll(IMAGE, shift)
            assert np.array_equal(process.infer(image), tiny_device.infer(image))
        assert process.alive
    with pytest.raises(BackendError, match="was closed"):
        process.infer(IMAGE)
    process.close()  # a second time is no matter


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("absent;patience=0s", ABSENT),
        ("boot=0s;reenumerate=9s;patience=0.1s", ABSENT),
        ("dye_at=3", "dye_at=3 is no step"),
    ],
)
def test_one_that_cannot_be_had_says_why(
    tiny: ModelFolder, monkeypatch: pytest.MonkeyPatch, script: str, words: str
) -> None:
    monkeypatch.setenv(VARIABLE, script)
    with started(tiny) as process, pytest.raises(StickError, match=words):
        process.wait(PATIENT_SECONDS)


def test_a_folder_that_was_damaged_meanwhile_is_refused_by_the_child(
    tiny: ModelFolder, damaged_folder: Path
) -> None:
    (damaged_folder / tiny.artefact.network).write_bytes(b"nothing")
    with (
        started(replace(tiny, path=damaged_folder)) as process,
        pytest.raises(StickError, match="is damaged"),
    ):
        process.wait(PATIENT_SECONDS)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("die_at=2", LOST),
        ("crash_at=2", "was killed by SIGSEGV"),
        ("hang_at=2", "did not answer within 0.5 s"),
    ],
)
def test_one_that_is_lost_while_it_runs_says_how_within_its_deadline(
    tiny: ModelFolder, monkeypatch: pytest.MonkeyPatch, script: str, words: str
) -> None:
    monkeypatch.setenv(VARIABLE, script)
    with started(tiny) as process:
        process.wait(PATIENT_SECONDS)
        process.infer(IMAGE)
        begin = time.monotonic()
        with pytest.raises(StickError, match=words):
            process.ask(IMAGE, 0.5 if "hang" in script else 10.0)
        assert time.monotonic() - begin < 2.0


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_one_that_is_killed_is_noticed_at_the_next_picture(tiny: ModelFolder, number: signal.Signals) -> None:
    with started(tiny) as process:
        process.wait(PATIENT_SECONDS)
        os.kill(process.pid, number)
        until(lambda: not process.alive)
        with pytest.raises(StickError, match=f"was killed by {number.name}"):
            process.infer(IMAGE)


def test_one_that_is_stopped_is_given_up_and_killed_all_the_same(tiny: ModelFolder) -> None:
    with started(tiny) as process:
        process.wait(PATIENT_SECONDS)
        os.kill(process.pid, signal.SIGSTOP)
        begin = time.monotonic()
        with pytest.raises(StickError, match=r"did not answer within 0\.2 s"):
            process.ask(IMAGE, 0.2)
        assert time.monotonic() - begin < 1.5


def test_its_last_words_are_told(tiny: ModelFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # A package of the same name that goes before, as a broken installation would.
    (tmp_path / "numpy.py").write_text("raise RuntimeError('numpy is broken')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with started(tiny) as process, pytest.raises(StickError, match=r"status 1 .*numpy is broken"):
        process.wait(PATIENT_SECONDS)


def test_what_the_plugin_prints_does_not_grow(tiny: ModelFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "LOG_BYTES", 100)
    with started(tiny) as process:
        process.wait(PATIENT_SECONDS)
        log = Path(f"/proc/{process.pid}/fd/1")
        with log.open("a") as stream:
            stream.write("a warning\n" * 50)
        process.infer(IMAGE)
        assert log.stat().st_size == 0
        with log.open("a") as stream:
            stream.write("the last warning\n")
        process.kill()
        with pytest.raises(StickError, match=r"SIGKILL \(the last warning\)"):
            process.infer(IMAGE)


def test_a_child_that_cannot_be_started_leaves_nothing(
    tiny: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_module.sys, "executable", "/nowhere/python")
    before = descriptors()
    with pytest.raises(StickError, match="cannot be started"):
        StickProcess(tiny, "fake")
    assert descriptors() == before
