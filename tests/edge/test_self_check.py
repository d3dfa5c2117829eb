"""`facecue self-check`: what it says, aloud too, of devices that are right, wrong, lost or not there."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from tiny_model import UNITS

from edge import self_check, wiring
from edge.apart import Crashed, Hung, apart
from edge.backends.base import Backend
from edge.backends.openvino_core import OpenVinoBackend
from edge.checks import usb
from edge.cli import main
from edge.errors import BackendError
from edge.golden_check import check
from edge.model_folder import ModelFolder
from edge.self_check import FAILED, NOT_TRIED, PASSED, examine
from edge.settings import ModelSettings
from edge.speech.phrase import read_wav

Float32 = npt.NDArray[np.float32]
Change = Callable[[Float32, int], Float32]

LIP, BROW = UNITS.index("AU12"), UNITS.index("AU04")
RATE = 16000


class ChangedDevice:
    """Answers as a sound device does, but for what `change` does to it; `names` says who answered.

    change: gets the answer and how many came before. names: the device of each answer, the last for ever.
    """

    def __init__(self, sound: Backend, change: Change, names: tuple[str, ...] = ("MYRIAD",)) -> None:
        self._sound = sound
        self._change = change
        self._names = names
        self._asked = 0
        self.device = names[0]
        self.description = "a stick in a test"

    def infer(self, image: Float32) -> Float32:
        answer = self._change(self._sound.infer(image).copy(), self._asked)
        self.device = self._names[min(self._asked, len(self._names) - 1)]
        self._asked += 1
        return answer

    def close(self) -> None: ...


def right(answer: Float32, asked: int) -> Float32:
    return answer


def swapped(answer: Float32, asked: int) -> Float32:
    answer[:, [LIP, BROW]] = answer[:, [BROW, LIP]]
    return answer


def scaled(answer: Float32, asked: int) -> Float32:
    return np.asarray(answer * np.float32(1.05), dtype=np.float32)


def one_is_no_number(answer: Float32, asked: int) -> Float32:
    if asked == 7:
        answer[0, LIP] = np.nan
    return answer


def lost(answer: Float32, asked: int) -> Float32:
    if asked == 3:
        raise BackendError("MYRIAD failed while running (Failed to read output from FIFO: NC_ERROR)")
    return answer


def short(answer: Float32, asked: int) -> Float32:
    return answer[:, :-1]


@pytest.fixture(autouse=True)
def no_stick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever is plugged into the machine of the test."""
    monkeypatch.setattr(usb, "DEVICES", str(tmp_path / "no sysfs"))


@pytest.fixture
def put_in(monkeypatch: pytest.MonkeyPatch, tiny_device: OpenVinoBackend) -> Callable[..., None]:
    """put_in(change, names): a device that the command meets instead of a real one."""

    def put(change: Change, names: tuple[str, ...] = ("CPU",)) -> None:
        made = ChangedDevice(tiny_device, change, names)
        monkeypatch.setattr(wiring, "backend", lambda settings, folder: made)

    return put


def none() -> list[object]:
    return []


@pytest.mark.parametrize(
    ("change", "names", "status", "spoken"),
    [
        (right, ("CPU",), PASSED, "self check passed on the processor, largest difference under 1 percent"),
        (scaled, ("CPU",), PASSED, "self check passed on the processor, largest difference 2 percent"),
        (
            one_is_no_number,
            ("CPU",),
            FAILED,
            "self check failed: the processor answers without numbers. Install facecue again",
        ),
        (
            lost,
            ("MYRIAD",),
            FAILED,
            "self check failed: the stick stopped working. "
            "Unplug the stick, plug it in again, and run facecue doctor",
        ),
        (
            short,
            ("CPU",),
            FAILED,
            "self check failed: the processor stopped working. Install facecue again",
        ),
    ],
)
def test_every_outcome_is_a_sentence(
    tiny_folder: Path,
    put_in: Callable[..., None],
    change: Change,
    names: tuple[str, ...],
    status: int,
    spoken: str,
) -> None:
    put_in(change, names)
    outcome = examine(ModelSettings(folder=str(tiny_folder)), none)
    assert (outcome.status, outcome.spoken) == (status, spoken)


def test_swapped_units_are_named_worst_first(tiny_folder: Path, put_in: Callable[..., None]) -> None:
    put_in(swapped)
    outcome = examine(ModelSettings(folder=str(tiny_folder)), none)
    assert outcome.status == FAILED
    assert outcome.result is not None
    named = [each.name for each in outcome.result.differing]
    units = [name for name in named if name in UNITS]
    assert sorted(units) == ["AU04", "AU12"]
    assert "lip corner puller" in outcome.spoken and "brow lowerer" in outcome.spoken
    largest = [each.largest for each in outcome.result.differing]
    assert largest == sorted(largest, reverse=True)
    assert all(each.changed > 0 for each in outcome.result.differing)


def test_what_is_allowed_is_not_named(tiny: ModelFolder, tiny_device: OpenVinoBackend) -> None:
    result = check(tiny, ChangedDevice(tiny_device, scaled))
    assert 0.005 < result.probability < result.allowed.probability
    assert result.passed and result.differing == ()


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("CPU",), "the processor answered instead of the stick"),
        (("MYRIAD",) * 5 + ("CPU",), "the stick stopped half-way and the processor went on"),
        (("CPU",) * 5 + ("MYRIAD",), "the stick stopped half-way and the processor went on"),
    ],
)
def test_right_answers_of_another_device_fail(
    tiny: ModelFolder, tiny_device: OpenVinoBackend, names: tuple[str, ...], words: str
) -> None:
    result = check(tiny, ChangedDevice(tiny_device, right, names), "MYRIAD")
    assert result.answers_right and not result.passed
    assert words in self_check._verdict(result)
    assert sum(result.answered.values()) == result.crops


def test_which_device_is_meant() -> None:
    assert self_check.meant("MYRIAD.1.2-ma2480", "MYRIAD") == "MYRIAD"
    assert self_check.meant("MYRIAD", "CPU") == "MYRIAD"
    assert self_check.meant("auto", "MYRIAD") == "MYRIAD"
    assert self_check.meant("auto", "CPU") == ""
    assert self_check.meant("CPU", "CPU") == "CPU"


def test_a_stick_that_lies_idle_is_mentioned(tiny_folder: Path) -> None:
    outcome = examine(ModelSettings(folder=str(tiny_folder)), lambda: ["a stick"])
    assert outcome.status == PASSED
    assert outcome.spoken.endswith(". A stick is plugged in but was not used")


@pytest.fixture
def fake_stick(monkeypatch: pytest.MonkeyPatch, tiny_folder: Path) -> Callable[[str], ModelSettings]:
    """fake_stick(script): settings for a stick of the runtime `fake` that does what the script says."""

    def make(script: str) -> ModelSettings:
        monkeypatch.setenv("FACECUE_FAKE_STICK", script)
        return ModelSettings(folder=str(tiny_folder), device="MYRIAD", runtime="fake")

    return make


@pytest.mark.parametrize(
    ("script", "status", "words"),
    [
        ("", PASSED, "self check passed on the stick"),
        ("die_at=3", FAILED, "the stick stopped working. Unplug the stick"),
        ("crash_at=2", FAILED, "the stick took its driver down. Unplug the stick"),
        ("wrong_at=1", FAILED, "the stick answers wrongly, most of all "),
        ("nan_at=12", FAILED, "the stick answers without numbers"),
        ("absent", NOT_TRIED, "no stick is plugged in. Plug it in"),
    ],
)
def test_a_stick_in_a_process_of_its_own(
    fake_stick: Callable[[str], ModelSettings], script: str, status: int, words: str
) -> None:
    looks = []
    outcome = examine(fake_stick(script), lambda: looks.append(1) or [])  # type: ignore[func-returns-value]
    assert outcome.status == status, outcome
    assert words in outcome.spoken
    assert len(looks) > 1, "nobody looked at the sockets while the net ran"


def test_a_stick_that_hangs_is_left_behind(fake_stick: Callable[[str], ModelSettings]) -> None:
    outcome = examine(fake_stick("hang_at=1"), none, most_seconds=5.0)
    assert outcome.status == FAILED
    assert outcome.spoken.startswith("self check failed: the stick hangs. Unplug the stick")
    assert "5 s" in outcome.reason


def test_a_process_apart_gives_its_answer_or_says_why_not() -> None:
    assert apart(len, "four", 60.0, none) == 4
    with pytest.raises(Crashed, match="exit status 7"):
        apart(sys.exit, 7, 60.0, none)
    with pytest.raises(Hung, match=r"within 0\.5 s"):
        apart(_sleep, 60.0, 0.5, none)


def _sleep(seconds: float) -> None:
    import time

    time.sleep(seconds)


# From here on the command as a user runs it.


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["self-check", *arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_the_worst_three_come_with_figures_and_the_others_by_name(
    tiny_folder: Path, put_in: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    put_in(lambda answer, asked: np.asarray(-answer, dtype=np.float32))
    status, out, err = run(capsys, "--model", str(tiny_folder))
    assert (status, err) == (1, "")
    assert out.count("decided otherwise on") == 3
    (others,) = [line for line in out.splitlines() if line.startswith("also differ: ")]
    assert len(others.split(",")) > 10
    assert out.splitlines()[-1].startswith("self check failed: the processor answers wrongly")
    assert "answered by CPU (12 of 12)" in out


def test_json_is_one_object_whatever_happens(
    tiny_folder: Path,
    damaged_folder: Path,
    put_in: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    (damaged_folder / "model.bin").write_bytes(b"damaged")
    config = tmp_path / "wrong.toml"
    config.write_text("[model]\nthreads = -1\n")
    tables = []
    status, out, err = run(capsys, "--json", "--model", str(tiny_folder))
    tables.append(json.loads(out))
    assert (status, err, tables[0]["passed"], tables[0]["answered"]) == (0, "", True, {"CPU": 12})
    status, out, err = run(capsys, "--json", "--model", str(damaged_folder))
    tables.append(json.loads(out))
    assert (status, tables[1]["status"], tables[1]["crops"]) == (2, 2, 0)
    assert "model.bin is damaged" in tables[1]["reason"] and "model.bin is damaged" in err
    status, out, err = run(capsys, "--json", "--config", str(config))
    tables.append(json.loads(out))
    assert status == 2 and "threads" in err
    put_in(one_is_no_number)
    status, out, err = run(capsys, "--json", "--model", str(tiny_folder))
    tables.append(json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON")))
    assert status == 1
    assert tables[3]["measured"]["probability"] is None
    assert tables[3]["differing"][0] == {
        "name": "AU12",
        "words": "lip corner puller",
        "largest": None,
        "changed": tables[3]["differing"][0]["changed"],
    }
    assert len({tuple(table) for table in tables}) == 1, "the keys depend on the outcome"


def test_a_voice_that_fails_does_not_change_the_outcome(
    tiny_folder: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    status, out, err = run(capsys, "--model", str(tiny_folder), "--wav", str(tmp_path / "no/such/folder.wav"))
    assert status == 0
    assert "self check passed" in out
    (line,) = err.splitlines()
    assert line.startswith("facecue self-check: this cannot be said aloud: ") and "no/such/folder.wav" in line


def test_speech_goes_to_the_player_although_it_is_switched_off(
    tiny_folder: Path,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    player = tmp_path / "player"
    player.write_text(f'#!/bin/sh\nwc -c < "$1" >> {tmp_path}/played\n')
    player.chmod(0o755)
    monkeypatch.setenv("FACECUE_SPEECH__PLAYER", str(player))
    monkeypatch.setenv("FACECUE_SPEECH__ENABLED", "false")
    monkeypatch.setenv("FACECUE_SPEECH__TIMEOUT_SECONDS", "30")
    assert run(capsys, "--model", str(tiny_folder))[0] == 0
    assert not (tmp_path / "played").exists(), "it spoke unasked"
    status, _, err = run(capsys, "--model", str(tiny_folder), "--speak")
    assert (status, err) == (0, "")
    sizes = [int(line) for line in (tmp_path / "played").read_text().split()]
    assert len(sizes) == 3  # the trial, the beginning, the outcome
    assert min(sizes[1:]) > 22050


HEARD = {
    "right": "self check passed on the processor largest difference under one percent",
    "scaled": "self check passed on the processor largest difference two percent",
    "nan": "self check failed the processor answers without numbers",
    "lost": "self check failed the stick stopped working",
    "wrong device": "self check failed the processor answered instead of the stick",
    "damaged": "no self check the model cannot be used",
    "absent": "no self check no stick is plugged in",
    "settings": "no self check the settings are wrong",
}


@pytest.fixture(scope="module")
def understand() -> Iterator[Callable[[Path], str]]:
    """What a machine that never heard this voice before understands of a WAV file, of all the sentences."""
    pocketsphinx = pytest.importorskip("pocketsphinx", reason="pocketsphinx (extra dev) is not installed")
    decoder = pocketsphinx.Decoder(samprate=RATE, loglevel="FATAL", cmn="batch")
    alternatives = " | ".join(HEARD.values())
    advice = " | ".join(
        [
            "install face cue again",
            "plug it in and repeat the self check",
            "run face cue con fig check",
            "un plug the stick plug it in again and run face cue doctor",
        ]
    )
    grammar = (
        "#JSGF V1.0;\ngrammar outcome;\n"
        f"public <outcome> = checking please wait ( {alternatives} ) [ {advice} ] ;\n"
    )
    decoder.add_jsgf_string("outcome", grammar)
    decoder.activate_search("outcome")

    def listen(path: Path) -> str:
        phrase = read_wav(path)
        count = round(len(phrase.samples) * RATE / phrase.sample_rate)
        spectrum = np.fft.rfft(phrase.samples.astype(np.float64))[: count // 2 + 1]
        sound = np.fft.irfft(spectrum, count) * (count / len(phrase.samples))
        sound += np.random.default_rng(1).normal(0.0, 30.0, len(sound))
        decoder.start_utt()
        decoder.process_raw(np.clip(sound, -32768, 32767).astype(np.int16).tobytes(), full_utt=True)
        decoder.end_utt()
        hypothesis = decoder.hyp()
        return "" if hypothesis is None else hypothesis.hypstr

    yield listen


@pytest.mark.parametrize("case", list(HEARD))
def test_every_outcome_is_heard(
    case: str,
    tiny_folder: Path,
    damaged_folder: Path,
    put_in: Callable[..., None],
    understand: Callable[[Path], str],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FACECUE_SPEECH__TIMEOUT_SECONDS", "30")
    arguments = ["--model", str(tiny_folder)]
    status = 1
    if case in ("right", "scaled"):
        put_in({"right": right, "scaled": scaled}[case])
        status = 0
    elif case == "nan":
        put_in(one_is_no_number)
    elif case == "lost":
        put_in(lost, ("MYRIAD",))
    elif case == "wrong device":
        monkeypatch.setattr(self_check, "apart", lambda function, argument, *_: function(argument))
        put_in(right, ("CPU",))
        arguments += ["--device", "MYRIAD"]
    elif case == "damaged":
        (damaged_folder / "model.bin").write_bytes(b"damaged")
        arguments, status = ["--model", str(damaged_folder)], 2
    elif case == "absent":
        arguments, status = [*arguments, "--device", "MYRIAD"], 2
    else:
        monkeypatch.setenv("FACECUE_MODEL__THREADS", "-1")
        status = 2
    wav = tmp_path / "said.wav"
    assert run(capsys, *arguments, "--wav", str(wav))[0] == status
    if case == "settings":
        # Said before there are settings, so there is no beginning.
        assert read_wav(wav).seconds > 2.0
    else:
        assert understand(wav).startswith(f"checking please wait {HEARD[case]}")
