"""Bad input: one clear sentence and exit status 2, whatever it is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edge.cli import main
from edge.clips import CLIPS
from edge.model_folder import released

CLIP = str(CLIPS / "single_face.mp4")


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line on standard error."""
    assert main(list(arguments)) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith(f"facecue {arguments[0]}: ")
    return lines[0]


def config(tmp_path: Path, text: str) -> str:
    path = tmp_path / "facecue.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_an_unknown_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = config(tmp_path, "[speech]\nvolume = 0.5\nloudness = 3\n")
    line = refused(capsys, "config", "check", file)
    assert "line 3" in line and "speech.loudness" in line and "volume" in line


def test_a_wrong_type(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = config(tmp_path, '[mqtt]\nport = "1883"\n')
    line = refused(capsys, "run", "--config", file, "--source", CLIP, "--replay")
    assert "line 2" in line and "mqtt.port" in line and "whole number" in line


def test_several_faults_are_all_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = config(tmp_path, "[speech]\nrate_words_per_minute = 20\n[cues]\nlevels = ['moods']\n")
    assert main(["config", "check", file]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 2


def test_a_missing_settings_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "absent.toml" in refused(capsys, "run", "--config", str(tmp_path / "absent.toml"))


def test_a_right_settings_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "check", config(tmp_path, "[speech]\nvolume = 0.5\n")]) == 0
    assert "right" in capsys.readouterr().out


def test_a_missing_clip(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "gone.mp4" in refused(capsys, "run", "--source", str(tmp_path / "gone.mp4"), "--replay")


def test_no_camera(capsys: pytest.CaptureFixture[str]) -> None:
    if Path("/dev/video77").exists():
        pytest.skip("this machine has 78 cameras")
    assert "77" in refused(capsys, "run", "--source", "77", "--no-speech")


def test_a_replay_of_a_camera(capsys: pytest.CaptureFixture[str]) -> None:
    line = refused(capsys, "run", "--source", "rtsp://me:secret@127.0.0.1/x", "--replay")
    assert "replay needs a clip" in line and "secret" not in line


def test_an_unreachable_broker(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = config(tmp_path, '[mqtt]\nhost = "127.0.0.1"\nport = 9\n')
    line = refused(capsys, "run", "--config", file, "--source", CLIP, "--replay", "--no-speech")
    assert "127.0.0.1:9" in line


@pytest.mark.parametrize("name", ["card.json", "int8/model.xml", "int8/model.bin", "emotions.npz"])
def test_a_model_folder_with_one_flipped_byte(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(released(), folder)
    path = folder / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x20
    path.write_bytes(data)
    line = refused(capsys, "run", "--model", str(folder), "--source", CLIP, "--replay", "--precision", "int8")
    assert str(folder) in line


def test_a_device_that_is_not_there_is_not_replaced(capsys: pytest.CaptureFixture[str]) -> None:
    line = refused(capsys, "run", "--device", "MYRIAD", "--source", CLIP, "--replay")
    assert "MYRIAD" in line and "CPU" in line


def test_an_unknown_level(capsys: pytest.CaptureFixture[str]) -> None:
    assert "moods" in refused(capsys, "run", "--levels", "moods", "--source", CLIP, "--replay")
