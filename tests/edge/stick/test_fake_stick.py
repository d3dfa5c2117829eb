"""The fake stick does what its script says, in the driver's own words."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from edge.backends import runtimes
from edge.backends.fake_stick import ABSENT, LOST, VARIABLE, FakeStick, Script
from edge.errors import BackendError
from edge.model_folder import ModelFolder

RIGHT = np.linspace(-3.0, 3.0, 5, dtype=np.float32)[None]


def stick(script: str) -> FakeStick:
    return FakeStick(Script.of(script))


def test_a_script_is_read_step_by_step() -> None:
    made = Script.of(" boot=3s; reenumerate=0.5 ;die_at=20,60;absent;memory=/tmp/x ;")
    assert made == Script(boot=3.0, reenumerate=0.5, die_at=(20, 60), absent=True, memory="/tmp/x")
    assert Script.of("") == Script()


@pytest.mark.parametrize("step", ["explode", "boot=soon", "boot=-1s", "boot=nan", "die_at=x", "absent=5s"])
def test_a_step_that_is_none_is_refused_with_those_there_are(step: str) -> None:
    with pytest.raises(BackendError, match=f"FACECUE_FAKE_STICK: {step} is no step .*boot.*die_at"):
        Script.of(f"hang_at=3;{step}")


def test_without_a_script_it_works() -> None:
    made = stick("")
    assert made.listed
    made.boot()
    assert np.array_equal(made.answer(RIGHT), RIGHT)


def test_it_dies_and_answers_wrongly_at_the_pictures_that_are_counted() -> None:
    made = stick("die_at=2;nan_at=3;wrong_at=4")
    made.boot()
    assert np.array_equal(made.answer(RIGHT), RIGHT)
    with pytest.raises(RuntimeError, match=LOST):
        made.answer(RIGHT)
    assert np.isnan(made.answer(RIGHT)).all()
    for _ in range(2):
        assert np.abs(made.answer(RIGHT) - RIGHT).max() > 1.0


def test_one_that_is_absent_is_not_listed_and_cannot_be_started() -> None:
    made = stick("absent;patience=0s")
    assert not made.listed
    with pytest.raises(RuntimeError, match=ABSENT):
        made.boot()


def test_one_that_comes_late_is_waited_for() -> None:
    made = stick("late=0.05s")
    assert not made.listed
    begin = time.monotonic()
    made.boot()
    assert made.listed and 0.03 < time.monotonic() - begin < 4.0


def test_booting_takes_its_time_and_then_it_is_gone_for_a_moment() -> None:
    made = stick("boot=0.05s;reenumerate=0.05s")
    begin = time.monotonic()
    made.boot()
    assert 0.1 <= time.monotonic() - begin < 4.0
    begin = time.monotonic()
    made.boot()
    assert time.monotonic() - begin < 0.05, "it runs already"


def test_with_a_memory_it_is_the_same_stick_for_the_next_process(tmp_path: Path) -> None:
    script = f"boot=0.05s;reenumerate=30s;patience=0s;die_at=2;absent_for=60s;memory={tmp_path / 'stick'}"
    with pytest.raises(RuntimeError, match=ABSENT):
        stick(script).boot()  # started, but away to its other address
    assert not stick(script).listed
    script = script.replace("reenumerate=30s;", "") + ".second"
    first = stick(script)
    first.boot()
    first.answer(RIGHT)
    second = stick(script)
    begin = time.monotonic()
    second.boot()
    assert time.monotonic() - begin < 0.05, "it was left running"
    with pytest.raises(RuntimeError, match=LOST):
        second.answer(RIGHT)
    assert not stick(script).listed, "it is gone after it was lost"
    with pytest.raises(RuntimeError, match=LOST):
        second.answer(RIGHT)


def test_the_fake_runtime_answers_as_the_processor(
    tiny: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "die_at=2")
    image = np.full((1, 3, 32, 32), 77.0, dtype=np.float32)
    real, fake = runtimes.find().open(tiny, "CPU"), runtimes.find("fake")
    processor, made = fake.open(tiny, "CPU"), fake.open(tiny, "MYRIAD")
    assert (processor.device, made.device) == ("CPU", "MYRIAD")
    assert np.array_equal(made.infer(image), real.infer(image))
    for _ in range(3):  # the script is the stick's
        assert np.array_equal(processor.infer(image), real.infer(image))
    with pytest.raises(BackendError, match=LOST):
        made.infer(image)
    for device in (real, processor, made):
        device.close()


def test_auto_takes_the_fake_stick_while_it_is_there(
    tiny: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = runtimes.find("fake")
    assert fake.devices() == ["CPU", "MYRIAD"]
    monkeypatch.setenv(VARIABLE, "absent;patience=0s")
    assert fake.devices() == ["CPU"]
    device = fake.open(tiny)
    assert device.device == "CPU"
    device.close()
    with pytest.raises(BackendError, match=f"cannot be used .{ABSENT}"):
        fake.open(tiny, "MYRIAD")
    with pytest.raises(BackendError, match="GPU is not there"):
        fake.open(tiny, "GPU")
