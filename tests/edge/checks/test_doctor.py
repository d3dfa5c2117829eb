"""`facecue doctor` as a user runs it: lines, one JSON object, and a short summary aloud."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fake_machine import FakeMachine, user

from edge import checks
from edge.checks import udev
from edge.checks.finding import Finding, note, right, wrong
from edge.cli import main
from edge.commands import doctor
from edge.speech.phrase import read_wav

CLIP = str(Path(doctor.__file__).parents[1] / "assets/clips/single_face.mp4")


@pytest.fixture
def machine(fake: FakeMachine, monkeypatch: pytest.MonkeyPatch) -> FakeMachine:
    """The machine that the command looks at."""
    monkeypatch.setattr(checks, "Machine", lambda: fake.seen_by(user("ann", uid=4321)))
    monkeypatch.setenv("FACECUE_SPEECH__TIMEOUT_SECONDS", "30")
    return fake


def run(capsys: pytest.CaptureFixture[str], tiny_folder: Path, *more: str) -> tuple[int, str, str]:
    status = main(["doctor", "--source", CLIP, "--model", str(tiny_folder), *more])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_a_stick_without_a_rule_is_told_in_lines_in_json_and_aloud(
    machine: FakeMachine, tiny_folder: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    machine.plug(mode=0o660)
    wav = tmp_path / "said.wav"
    status, out, err = run(capsys, tiny_folder, "--json", "--wav", str(wav))
    table = json.loads(out)
    assert (status, err, table["passed"]) == (1, "", False)
    assert {"udev rule", "permission", "plugin"} <= set(table["to_mend"])
    by_name = {found["name"]: found for found in table["findings"]}
    assert "tee /etc/udev/rules.d/70-facecue-stick.rules" in by_name["udev rule"]["fix"]
    assert by_name["model"]["state"] == "right"
    assert by_name["model"]["sentence"].endswith("A stick is plugged in but was not used")
    # "checking, please wait" and the summary.
    assert read_wav(wav).seconds > 3.0


def test_every_line_has_its_state_and_the_last_says_how_many(
    machine: FakeMachine,
    tiny_folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FACECUE_SPEECH__ENABLED", "false")
    status, out, err = run(capsys, tiny_folder)
    *lines, last = out.splitlines()
    assert (status, err, last) == (0, "", "everything that is needed works")
    assert {line.split()[0] for line in lines} == {"right", "note"}
    assert any(line.startswith("note   stick: no Neural Compute Stick") for line in lines)


def test_the_summary_is_short_and_leaves_commands_to_the_screen() -> None:
    found = [
        right("program", "fine"),
        note("stick", "none"),
        wrong("udev rule", "no rule for /dev/x", "sudo this", "no permission for the stick"),
        wrong("permission", "not /dev/x", "sudo that", "no permission for the stick"),
        wrong("disk", "full"),
    ]
    to_mend = [finding for finding in found if finding.state == "wrong"]
    said = doctor._summary(to_mend)
    assert said == "3 things to mend: no permission for the stick, the disk. The terminal says how"
    assert doctor._summary([]) == "everything that is needed works"
    assert doctor._summary(to_mend[-1:]).startswith("1 thing to mend: the disk.")
    assert Finding("x", "wrong", "what", "fix").words == "what: fix"


def test_the_udev_rule_is_printed_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--udev-rule"]) == 0
    out, err = capsys.readouterr()
    assert (out, err) == (udev.OWN_RULES, "")
    assert out.count('ATTR{idVendor}=="03e7"') == 2


def test_wrong_settings_are_told_in_json_and_aloud_too(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACECUE_MODEL__THREADS", "-1")
    wav = tmp_path / "said.wav"
    assert main(["doctor", "--json", "--wav", str(wav)]) == 2
    out, err = capsys.readouterr()
    table = json.loads(out)
    assert (table["passed"], table["to_mend"]) == (False, ["settings"])
    assert "FACECUE_MODEL__THREADS" in table["findings"][0]["sentence"]
    assert err.startswith("facecue doctor: FACECUE_MODEL__THREADS")
    assert read_wav(wav).seconds > 2.0
