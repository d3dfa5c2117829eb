"""Whatever happens to the stick, every picture is answered rightly and its health is told once."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from stick_help import FIRST, Told, descriptors, stick_children, supervised, until

from edge.backends.base import Backend
from edge.backends.fake_stick import ABSENT, LOST, VARIABLE
from edge.errors import BackendError, StickError
from edge.model_folder import ModelFolder
from edge.settings import StickSettings
from edge.stick.supervised import SupervisedStick


def test_the_processor_answers_while_the_stick_boots(
    tiny: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "boot=0.5s;reenumerate=0.3s")
    told = Told()
    with supervised(tiny, told, wait_for_boot=False) as checked:
        assert not checked.stick.ready and checked.ask() == "CPU"
        until(lambda: checked.ask() == "MYRIAD")
        assert checked.stick.ready
        with pytest.raises(BackendError, match="shape"):
            checked.stick.infer(np.zeros((1, 1, 32, 32), np.float32))
        assert checked.ask() == "MYRIAD", "a wrong picture is no fault of the stick"
    assert told.labels == []


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (f"die_at={FIRST + 2}", LOST),
        (f"hang_at={FIRST + 2}", "did not answer within 1 s"),
        (f"crash_at={FIRST + 2}", "SIGSEGV"),
        (f"nan_at={FIRST + 2}", "no numbers"),
    ],
)
def test_a_stick_that_is_lost_costs_no_picture_and_comes_back(
    tiny: ModelFolder, monkeypatch: pytest.MonkeyPatch, script: str, words: str
) -> None:
    monkeypatch.setenv(VARIABLE, script)
    told = Told()
    with supervised(tiny, told, answer_seconds=1.0 if "hang" in script else 10.0) as checked:
        assert [checked.ask(), checked.ask()] == ["MYRIAD", "MYRIAD"]
        begin = time.monotonic()
        assert checked.ask() == "CPU"
        assert time.monotonic() - begin < 3.0
        assert told.labels == ["stick_lost"] and words in told.errors[0]
        until(lambda: checked.ask() == "MYRIAD")
        assert told.labels == ["stick_lost", "stick_found"]
    assert stick_children() == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_child_that_is_killed_or_stopped_is_replaced(tiny: ModelFolder, number: signal.Signals) -> None:
    told = Told()
    with supervised(tiny, told, answer_seconds=1.0) as checked:
        assert checked.ask() == "MYRIAD"
        (child,) = stick_children()
        os.kill(child, number)
        if number == signal.SIGKILL:
            until(lambda: told.labels)  # it is missed though nobody asks it
        begin = time.monotonic()
        assert checked.ask() == "CPU"
        assert time.monotonic() - begin < 3.0
        until(lambda: checked.ask() == "MYRIAD")
        assert child not in stick_children()
    assert told.labels == ["stick_lost", "stick_found"]


def test_one_that_must_be_there_and_is_not_is_refused_at_start(
    tiny: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "absent;patience=0s")
    told, before, threads = Told(), descriptors(), threading.active_count()
    with (
        pytest.raises(StickError, match=rf"{ABSENT}.*stick\.required"),
        supervised(tiny, told, wait_for_boot=False),
    ):
        pass
    assert told.labels == [], "the error is what is told"
    assert (stick_children(), descriptors(), threading.active_count()) == ([], before, threads)


def test_one_that_is_not_required_may_come_later(
    tiny: ModelFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(VARIABLE, f"late=3s;patience=0s;memory={tmp_path / 'stick'}")
    told = Told()
    with supervised(tiny, told, wait_for_boot=False, required=False) as checked:
        assert checked.ask() == "CPU"
        until(lambda: told.labels == ["stick_lost"])
        until(lambda: checked.ask() == "MYRIAD")
    assert told.labels == ["stick_lost", "stick_found"]


def test_one_that_answers_wrongly_is_never_asked(tiny: ModelFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "wrong_at=1")
    told = Told()
    with supervised(tiny, told, required=False) as checked:
        assert [checked.ask() for _ in range(3)] == ["CPU"] * 3
    assert told.labels == ["stick_lost"] and "answers wrongly" in told.errors[0]
    with pytest.raises(StickError, match="answers wrongly"), supervised(tiny, told):
        pass


def test_one_that_does_not_boot_in_time_is_started_again(
    tiny: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Told()
    monkeypatch.setenv(VARIABLE, "boot=3600s")
    with supervised(tiny, told, required=False, boot_seconds=0.2) as checked:
        assert checked.ask() == "CPU"
    assert told.labels == ["stick_lost"] and "did not boot within 0.2 s" in told.errors[0]


def test_thirty_restarts_leave_nothing_and_are_told_once(
    tiny: ModelFolder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "edge.stick.supervised")
    told, before, threads = Told(), descriptors(), threading.active_count()
    shared = sorted(Path("/dev/shm").iterdir())
    quick = {"retry_seconds": 0.001, "retry_most_seconds": 0.001}
    # A child that dies at once, so that thirty of them take no minute.
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with supervised(tiny, told, wait_for_boot=False, required=False, **quick) as checked:
        until(lambda: checked.ask() == "CPU" and caplog.text.count("ended with status 1") >= 30)
        assert len(descriptors()) <= len(before) + 16, "those of one child"
        monkeypatch.undo()
        until(lambda: checked.ask() == "MYRIAD")
    assert told.labels == ["stick_lost", "stick_found"]
    assert (stick_children(), descriptors(), threading.active_count()) == ([], before, threads)
    assert sorted(Path("/dev/shm").iterdir()) == shared


@pytest.mark.parametrize("state", ["ready", "boots", "stopped"])
def test_it_is_closed_within_two_seconds(
    tiny: ModelFolder, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    if state == "boots":
        monkeypatch.setenv(VARIABLE, "boot=3600s")
    told, before = Told(), descriptors()
    with supervised(tiny, told, wait_for_boot=state != "boots") as checked:
        (child,) = stick_children()
        if state == "stopped":
            os.kill(child, signal.SIGSTOP)
        begin = time.monotonic()
        checked.stick.close()
        assert time.monotonic() - begin < 2.0
    assert told.labels == []
    assert (stick_children(), descriptors()) == ([], before)


class Fails:
    """A processor that cannot answer either."""

    device = description = "CPU"

    def infer(self, image: np.ndarray) -> np.ndarray:
        raise BackendError("the processor is gone")

    def close(self) -> None: ...


def test_a_processor_that_fails_as_well_is_an_error(
    tiny: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "absent;patience=0s")
    processor: Backend = Fails()
    stick = SupervisedStick(tiny, "fake", processor, Told(), StickSettings(required=False))
    try:
        with pytest.raises(BackendError, match="the processor is gone"):
            stick.infer(np.zeros((1, 3, 32, 32), np.float32))
    finally:
        stick.close()
