from __future__ import annotations

import base64
import logging
import os
import struct
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from mjpeg_server import draw_number, read_number

from edge.errors import SourceError
from edge.settings import CueSettings, SourceSettings
from edge.sources.capture import Capture
from edge.sources.clip import ClipReader
from edge.sources.folder import FolderReader
from edge.sources.open import is_live, open_source
from edge.types import Frame

SETTINGS = SourceSettings()

# Five grey frames of 32 by 32 pixels; a bare stream like this has no container and no time stamps.
BARE_H264 = base64.b64decode(
    "AAAAAWdCwArclsBEAAADAAQAAAMAUDxIngAAAAFozgRLIAAAAWWIhD8mKyddeAAAAAFnQsAK3JbARAAAAwAEAAADAFA8"
    "SJ4AAAABaM4ESyAAAAFliIIPyYrJ114AAAABZ0LACtyWwEQAAAMABAAAAwBQPEieAAAAAWjOBEsgAAABZYiEPyYrJ114"
    "AAAAAWdCwArclsBEAAADAAQAAAMAUDxIngAAAAFozgRLIAAAAWWIgg/JisnXXgAAAAFnQsAK3JbARAAAAwAEAAADAFA8"
    "SJ4AAAABaM4ESyAAAAFliIQ/JisnXXg="
)


def write_clip(path: Path, code: str, frames: int = 30, rate: float = 20.0) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*code), rate, (96, 96))
    assert writer.isOpened()
    for number in range(frames):
        writer.write(draw_number(number))
    writer.release()
    return path


def all_frames(uri: Path) -> list[Frame]:
    reader = open_source(SETTINGS, str(uri))
    frames = list(iter(reader.read, None))
    assert reader.read() is None
    reader.close()
    reader.close()
    return frames


def refusal(uri: object) -> str:
    with pytest.raises(SourceError) as caught:
        open_source(SETTINGS, str(uri))
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(("name", "code"), [("a b.avi", "MJPG"), ("clip.mp4", "mp4v"), ("ä:1.mkv", "MJPG")])
def test_clip_gives_every_frame_with_its_time(tmp_path: Path, name: str, code: str) -> None:
    frames = all_frames(write_clip(tmp_path / name, code))
    assert [read_number(f.image) for f in frames] == list(range(30))
    assert [f.index for f in frames] == list(range(30))
    assert [f.captured_at for f in frames] == pytest.approx([i / 20 for i in range(30)], abs=1e-3)
    assert frames[0].image.shape == (96, 96, 3)
    assert frames[0].image.dtype == np.uint8


def test_clip_says_what_it_is(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.avi", "MJPG")
    reader = open_source(SourceSettings(uri=str(path)))
    assert isinstance(reader, ClipReader)
    assert not reader.live
    assert reader.name == str(path)
    assert reader.frames_per_second == pytest.approx(20)
    reader.close()


def test_clip_named_relative_to_the_working_directory(tmp_path: Path, monkeypatch) -> None:
    write_clip(tmp_path / "file:clip.avi", "MJPG", frames=3)
    monkeypatch.chdir(tmp_path)
    assert len(all_frames(Path("file:clip.avi"))) == 3


def test_uneven_time_stamps_of_the_container_are_kept(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", "mp4v", frames=4)
    data = path.read_bytes()
    # One entry "4 frames of n ticks" becomes "2 of n, 1 of 20 n, 1 of n": a camera that paused.
    at = data.index(b"stts")
    count, ticks = struct.unpack(">II", data[at + 12 : at + 20])
    assert count == 4
    table = struct.pack(">IIIIIII", 3, 2, ticks, 1, 20 * ticks, 1, ticks)
    longer = bytearray(data[: at - 4] + struct.pack(">I", 40) + data[at : at + 8] + table + data[at + 20 :])
    for box in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
        place = longer.index(box) - 4
        longer[place : place + 4] = struct.pack(">I", struct.unpack(">I", longer[place : place + 4])[0] + 16)
    assert data.index(b"mdat") < at, "the table of frames stands after the frames, so no offset moves"
    # Without the edit list, which would end the clip after the old duration.
    path.write_bytes(longer.replace(b"edts", b"free"))
    times = [f.captured_at for f in all_frames(path)]
    assert times == pytest.approx([0, 0.05, 0.1, 1.1], abs=2e-3)


def test_clip_without_time_stamps_counts_by_the_rate(tmp_path: Path) -> None:
    path = tmp_path / "bare.h264"
    path.write_bytes(BARE_H264)
    reader = ClipReader(path)
    rate = reader.frames_per_second
    reader.close()
    # What the stream says, or FFmpeg's own rate: that depends on its version.
    assert rate in (10, 25)
    assert [f.captured_at for f in all_frames(path)] == pytest.approx([i / rate for i in range(5)])


def test_rotation_of_a_clip_is_applied(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 20, (96, 64))
    picture = np.zeros((64, 96, 3), np.uint8)
    picture[:32, :48] = 255
    for _ in range(3):
        writer.write(picture)
    writer.release()
    data = path.read_bytes()
    upright = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    quarter = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 64 << 16, 0, 1 << 30)
    at = data.index(upright, data.index(b"tkhd"))
    path.write_bytes(data[:at] + quarter + data[at + 36 :])
    turned = all_frames(path)[0].image
    assert turned.shape == (96, 64, 3)
    # Left above goes right above when turned clockwise.
    assert turned[20, 50].min() > 200
    assert turned[20, 10].max() < 50


def test_cut_clip_ends_with_what_there_is(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", "MJPG")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    numbers = [read_number(f.image) for f in all_frames(path)]
    assert 5 <= len(numbers) < 30
    assert numbers == list(range(len(numbers)))


def test_moving_gif_is_a_clip(tmp_path: Path) -> None:
    def frame(shade: int) -> bytes:
        control = b"\x21\xf9\x04\0" + struct.pack("<H", 25) + b"\0\0"
        # One pixel, LZW of 2 bits: clear, the shade, end.
        code = 4 | shade << 3 | 5 << 6
        return (
            control + b"\x2c" + struct.pack("<4HB", 0, 0, 1, 1, 0) + b"\2\2" + struct.pack("<H", code) + b"\0"
        )

    palette = bytes((0, 0, 0, 255, 255, 255, 0, 0, 0, 0, 0, 0))
    path = tmp_path / "moving.gif"
    path.write_bytes(
        b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x91, 0, 0) + palette + frame(0) + frame(1) + b";"
    )
    frames = all_frames(path)
    assert [int(f.image.max()) for f in frames] == [0, 255]
    assert [f.captured_at for f in frames] == pytest.approx([0, 0.25], abs=0.01)


def test_folder_gives_its_pictures_in_natural_order(tmp_path: Path, caplog) -> None:
    for number in (10, 2, 1):
        cv2.imwrite(str(tmp_path / f"face {number}.png"), draw_number(number))
    (tmp_path / "face 3.png").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("seen on Monday")
    reader = FolderReader(tmp_path)
    assert not reader.live
    assert reader.frames_per_second == 5
    with caplog.at_level(logging.WARNING):
        frames = list(iter(reader.read, None))
    assert [read_number(f.image) for f in frames[::8]] == [1, 2, 10]
    assert [f.index for f in frames] == list(range(24))
    assert [r.levelname for r in caplog.records] == ["WARNING", "WARNING"]
    assert "face 3.png" in caplog.messages[0]
    assert "notes.txt" in caplog.messages[1]


def test_each_picture_of_a_folder_lasts_and_is_read_once(tmp_path: Path) -> None:
    for number in (1, 2):
        cv2.imwrite(str(tmp_path / f"{number}.png"), draw_number(number))
    frames = all_frames(tmp_path)
    assert [f.captured_at for f in frames[:8]] == pytest.approx([i / 5 for i in range(8)])
    assert [f.captured_at - 2.5 for f in frames[8:]] == pytest.approx([i / 5 for i in range(8)])
    assert len({id(f.image) for f in frames}) == 2
    # No picture for longer than a person who is gone may be unseen: the next is somebody else.
    assert frames[8].captured_at - frames[7].captured_at > CueSettings().absent_seconds


def test_single_picture_lasts_and_ends(tmp_path: Path) -> None:
    path = tmp_path / "no suffix"
    path.write_bytes(cv2.imencode(".jpg", draw_number(5))[1].tobytes())
    assert [read_number(frame.image) for frame in all_frames(path)] == [5] * 8


def test_paths_that_give_no_picture_are_refused_in_a_sentence(tmp_path: Path) -> None:
    assert "there is no file or folder" in refusal(tmp_path / "absent.mp4")
    assert "the name is not possible" in refusal("~nobody-of-this-name/clip.mp4")
    assert "the name is not possible" in refusal("clip\0.mp4")
    (tmp_path / "folder").mkdir()
    assert "holds no picture" in refusal(tmp_path / "folder")
    (tmp_path / "folder" / "notes.txt").write_text("nothing to see")
    assert "holds no picture" in refusal(tmp_path / "folder")
    # FFmpeg would make a film of this one.
    (tmp_path / "readme.txt").write_text("hello\n" * 100)
    assert "text file" in refusal(tmp_path / "readme.txt")
    (tmp_path / "empty.mp4").touch()
    assert "empty" in refusal(tmp_path / "empty.mp4")
    (tmp_path / "noise.mp4").write_bytes(np.random.default_rng(1).bytes(20000))
    assert "no video" in refusal(tmp_path / "noise.mp4")
    picture = cv2.imencode(".jpg", draw_number(1))[1].tobytes()
    (tmp_path / "half.jpg").write_bytes(picture[: len(picture) // 2])
    assert "cut short" in refusal(tmp_path / "half.jpg")
    whole = write_clip(tmp_path / "clip.mp4", "mp4v").read_bytes()
    (tmp_path / "half.mp4").write_bytes(whole[: len(whole) // 2])
    assert "no video" in refusal(tmp_path / "half.mp4")
    assert "no source" in refusal("")


def test_libraries_say_nothing_on_the_terminal(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "clip.mkv", "MJPG").read_bytes()
    (tmp_path / "half.mkv").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "noise.mp4").write_bytes(np.random.default_rng(1).bytes(20000))
    picture = cv2.imencode(".tiff", draw_number(1))[1].tobytes()
    (tmp_path / "half.tiff").write_bytes(picture[: len(picture) // 2])
    (tmp_path / "null").symlink_to("/dev/null")
    sources = [str(p) for p in tmp_path.iterdir()] + [
        "97",
        "/dev/null",
        "rtsp://127.0.0.1:1/",
        "http://127.0.0.1:1/",
    ]
    # In a process of its own, because FFmpeg keeps the level it had when it was first used.
    program = """
import sys
from edge.errors import SourceError
from edge.settings import SourceSettings
from edge.sources.open import open_source
for uri in sys.argv[1:]:
    try:
        reader = open_source(SourceSettings(), uri)
        print("opened", len(list(iter(reader.read, None))))
    except SourceError:
        print("refused")
"""
    done = subprocess.run(
        [sys.executable, "-c", program, *sources], capture_output=True, text=True, timeout=60
    )
    assert done.stderr == ""
    assert done.stdout.count("refused") == len(sources) - 2
    assert "opened 30" in done.stdout


def test_files_are_not_live() -> None:
    assert is_live("0")
    assert is_live("/dev/video2")
    assert is_live("rtsp://camera/stream")
    assert not is_live("clip.mp4")
    assert not is_live("./0")


def test_a_name_opencv_would_crash_on_opens_nothing() -> None:
    capture = Capture(os.fsdecode(b"/no/such/caf\xe9"), cv2.CAP_FFMPEG)
    assert not capture.opened
    capture.close()
