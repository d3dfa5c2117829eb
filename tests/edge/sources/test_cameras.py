from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import cv2
import pytest
from fake_camera import FakeCamera

from edge.errors import SourceError
from edge.settings import SourceSettings
from edge.sources import camera as camera_module
from edge.sources.camera import CameraReader, cameras, device_file
from edge.sources.open import open_source

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="device files are Linux's")


@pytest.fixture
def fake(monkeypatch) -> FakeCamera:
    """A camera in the place of OpenCV's; /dev/null stands for its device file."""
    camera = FakeCamera()
    monkeypatch.setattr(cv2, "VideoCapture", camera)
    monkeypatch.setattr(camera_module, "device_file", lambda name: Path("/dev/null"))
    return camera


@linux
def test_absent_camera_is_named_with_what_there_is(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(camera_module, "cameras", list)
    with pytest.raises(SourceError) as caught:
        open_source(SourceSettings(uri="97"))
    assert str(caught.value) == "camera 97 is absent: there is no /dev/video97; no camera is connected"
    monkeypatch.setattr(camera_module, "cameras", lambda: ["/dev/video0", "/dev/video2"])
    with pytest.raises(SourceError, match="there are /dev/video0, /dev/video2"):
        open_source(SourceSettings(), "/dev/video97")


def test_cameras_are_listed_in_natural_order(tmp_path: Path) -> None:
    for name in ("video10", "video2", "video-codec", "null"):
        (tmp_path / name).touch()
    assert cameras(tmp_path) == [str(tmp_path / "video2"), str(tmp_path / "video10")]
    assert cameras(tmp_path / "absent") == []


@linux
def test_what_is_no_camera_is_refused() -> None:
    with pytest.raises(SourceError, match="gives no picture"):
        open_source(SourceSettings(uri="/dev/null"))
    with pytest.raises(SourceError, match="is no camera"):
        open_source(SourceSettings(uri="/dev/shm"))
    assert device_file("3") == Path("/dev/video3")
    assert device_file("/dev/v4l/by-id/usb-cam") == Path("/dev/v4l/by-id/usb-cam")


@linux
def test_forbidden_camera_says_which_group_is_missing(monkeypatch, fake: FakeCamera) -> None:
    monkeypatch.setattr(camera_module.os, "access", lambda path, mode: False)
    with pytest.raises(SourceError, match="group video"):
        open_source(SourceSettings(uri="0"))


def test_camera_gives_pictures_of_the_size_asked(fake: FakeCamera) -> None:
    before = time.monotonic()
    reader = open_source(SourceSettings(uri="0", width_pixels=320, height_pixels=240))
    assert isinstance(reader, CameraReader)
    assert (reader.live, reader.name, reader.frames_per_second) == (True, "camera 0", 30.0)
    assert fake.source == 0
    first, second = reader.read(), reader.read()
    assert first is not None
    assert second is not None
    assert first.image.shape == (240, 320, 3)
    assert (first.index, second.index) == (0, 1)
    assert before <= first.captured_at <= second.captured_at <= time.monotonic()
    assert cv2.CAP_PROP_FOURCC not in fake.properties
    reader.close()
    assert fake.source is None


def test_large_pictures_are_asked_for_as_jpeg(fake: FakeCamera) -> None:
    open_source(SourceSettings(uri="0", width_pixels=1280, height_pixels=720)).close()
    assert fake.properties[cv2.CAP_PROP_FOURCC] == cv2.VideoWriter.fourcc(*"MJPG")


def test_single_broken_pictures_are_passed_over(fake: FakeCamera) -> None:
    reader = open_source(SourceSettings(uri="0"))
    fake.broken_pictures = 3
    assert reader.read() is not None
    assert fake.broken_pictures == 0
    fake.broken_pictures = 1000
    assert reader.read() is None


def test_busy_and_unplugged_cameras_are_noticed(fake: FakeCamera) -> None:
    reader = open_source(SourceSettings(uri="0"))
    fake.plugged = False
    assert reader.read() is None
    fake.busy = True
    with pytest.raises(SourceError, match="other programs"):
        open_source(SourceSettings(uri="0"))
    assert fake.source is None


def test_closing_during_a_read_waits_for_nothing_and_breaks_nothing(fake: FakeCamera) -> None:
    reader = open_source(SourceSettings(uri="0"))
    fake.going.clear()
    fake.reading.clear()
    reading = threading.Thread(target=reader.read)
    reading.start()
    assert fake.reading.wait(20)
    reader.close()
    assert fake.source == 0, "OpenCV must not release a camera that is being read"
    fake.going.set()
    reading.join(20)
    assert fake.source is None
    assert reader.read() is None
