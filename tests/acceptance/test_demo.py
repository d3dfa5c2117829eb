"""`facecue demo`, `bench`, `self-check` and `doctor`, run as a user runs them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import wave
from pathlib import Path

import cv2
import pytest

from edge.cli import main
from edge.clips import CLIPS
from edge.facs import ACTION_UNITS
from edge.model_folder import open_folder, released

CLIP = str(CLIPS / "single_face.mp4")


def facecue(folder: Path, *arguments: str, timeout: float = 240) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edge.cli", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def test_the_demo_plays_speaks_and_sums_up(tmp_path: Path) -> None:
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed")
    done = facecue(tmp_path, "demo", "--source", CLIP, "--wav", "said.wav", "--save", "seen.png")
    assert done.returncode == 0, done.stderr
    assert "smiling" in done.stdout
    assert "pictures of this clip are written to seen.png" in done.stdout
    with wave.open(str(tmp_path / "said.wav")) as sound:
        assert sound.getnframes() / sound.getframerate() > 1.0
    sheet = cv2.imread(str(tmp_path / "seen.png"))
    assert sheet is not None and sheet.shape[1] == 6 * 320


def test_without_a_sound_card_the_demo_says_where_the_speech_is(tmp_path: Path) -> None:
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed")
    if Path("/proc/asound/cards").exists() and "no soundcards" not in Path("/proc/asound/cards").read_text():
        pytest.skip("this machine has a sound card")
    done = facecue(tmp_path, "demo", "--source", CLIP)
    assert done.returncode == 0, done.stderr
    assert f"No sound was played: the speech is in {tmp_path / 'facecue-demo.wav'}" in done.stdout
    assert (tmp_path / "facecue-demo.wav").stat().st_size > 20_000


def test_nothing_is_written_unless_it_was_asked_for(tmp_path: Path) -> None:
    done = facecue(tmp_path, "demo", "--source", CLIP, "--fast", "--no-speech")
    assert done.returncode == 0, done.stderr
    done = facecue(tmp_path, "run", "--source", CLIP, "--replay")
    assert done.returncode == 0, done.stderr
    assert "smiling" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_an_annotated_video_lasts_as_long_as_the_clip(tmp_path: Path) -> None:
    video = tmp_path / "seen.avi"
    assert main(["demo", "--source", CLIP, "--fast", "--no-speech", "--save", str(video)]) == 0
    capture = cv2.VideoCapture(str(video))
    seconds = capture.get(cv2.CAP_PROP_FRAME_COUNT) / capture.get(cv2.CAP_PROP_FPS)
    capture.release()
    assert seconds == pytest.approx(72 / 30, abs=0.15)


def test_sigterm_ends_a_run_in_good_order(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    command = [sys.executable, "-m", "edge.cli", "run", "--no-speech", "--events", str(events)]
    process = subprocess.Popen(
        [*command, "--source", str(CLIPS / "langer.mp4")],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=30)
    assert "facecue ready" in first
    assert process.returncode == 0, errors
    assert len(events.read_text().splitlines()) >= 1


def test_bench_prints_every_stage_and_the_memory(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--source", CLIP]) == 0
    out = capsys.readouterr().out
    assert "72 frames of single_face.mp4" in out and "frames per second" in out
    for stage in ("source", "faces", "crop", "action units", "emotion", "cues"):
        assert f"\n{stage} " in out
    assert "peak memory" in out


def test_the_released_model_passes_its_self_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["self-check"]) == 0
    assert "self check passed" in capsys.readouterr().out


def test_the_released_folder_is_as_its_card_says() -> None:
    folder = open_folder(released(), "int8")
    assert folder.card.action_units[: len(ACTION_UNITS)] == tuple(ACTION_UNITS)
    assert len(folder.golden().crops) >= 40


def test_doctor_names_what_is_wrong_and_how_to_mend_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "facecue.toml"
    config.write_text('[mqtt]\nhost = "127.0.0.1"\nport = 9\n[speech]\nenabled = false\n')
    assert main(["doctor", "--config", str(config), "--source", CLIP]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("right  model:") for line in lines)
    assert any(line.startswith("right  camera:") and "640x360" in line for line in lines)
    assert any(line.startswith("wrong  broker:") and "127.0.0.1:9" in line for line in lines)
    assert lines[-1].endswith("to mend")


def test_the_live_view_shows_faces_units_and_cues(tmp_path: Path) -> None:
    """On a terminal, which is made of a pair of pseudo-terminals here."""
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "edge.cli", "demo", "--source", CLIP, "--no-speech"],
        env={
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "TERM": "xterm",
            "COLUMNS": "120",
            "LINES": "40",
        },
        cwd=tmp_path,
        stdout=theirs,
        stderr=subprocess.PIPE,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other side is closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    _, errors = process.communicate(timeout=60)
    text = shown.decode()
    assert process.returncode == 0, errors
    for word in ("frames per second", "1 face", "AU12", "lip corner puller", "happiness", "smiling"):
        assert word in text, word
