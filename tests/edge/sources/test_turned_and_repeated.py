"""Pictures the right way up, clips without an end, cameras that open slowly or at the ribbon."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.clips import CLIPS
from edge.errors import SourceError
from edge.settings import SourceSettings
from edge.sources import open as open_module
from edge.sources.open import MOST_PATIENCE_TIMES, Opener, is_live, open_source
from edge.sources.turned import turned

CLIP = str(CLIPS / "single_face.mp4")
CORNERS = np.zeros((2, 3, 3), np.uint8)
CORNERS[0, 0] = 255
"""White in the left upper corner."""


@pytest.mark.parametrize(
    ("degrees", "mirror", "shape", "white"),
    [
        (0, False, (2, 3), (0, 0)),
        (90, False, (3, 2), (0, 1)),
        (180, False, (2, 3), (1, 2)),
        (270, False, (3, 2), (2, 0)),
        (0, True, (2, 3), (0, 2)),
        (90, True, (3, 2), (0, 0)),
    ],
)
def test_clockwise_then_mirrored(
    degrees: int, mirror: bool, shape: tuple[int, int], white: tuple[int, int]
) -> None:
    image = turned(CORNERS, degrees, mirror)
    assert image.shape == (*shape, 3)
    assert image.dtype == np.uint8
    assert [tuple(at) for at in np.argwhere(image[:, :, 0] == 255)] == [white]


def test_every_source_is_turned(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    cv2.imwrite(str(picture), np.repeat(np.repeat(CORNERS, 32, axis=0), 32, axis=1))
    upright = open_source(SourceSettings(uri=str(picture)))
    reader = open_source(SourceSettings(uri=str(picture), rotate_degrees=90, mirror=True))
    assert (reader.name, reader.live) == (upright.name, upright.live)
    before, frame = upright.read(), reader.read()
    assert before is not None and frame is not None
    assert np.array_equal(frame.image, turned(before.image, 90, True))
    assert (frame.index, frame.captured_at) == (before.index, before.captured_at)
    reader.close()
    upright.close()


def test_a_clip_begins_again_and_time_goes_on() -> None:
    once = open_source(SourceSettings(uri=CLIP))
    count = 0
    while once.read() is not None:
        count += 1
    once.close()
    reader = open_source(SourceSettings(uri=CLIP, repeat=True))
    first = reader.read()
    assert first is not None
    frames = [first]
    for _ in range(2 * count):
        frame = reader.read()
        assert frame is not None
        frames.append(frame)
    assert [frame.index for frame in frames] == list(range(2 * count + 1))
    steps = np.diff([frame.captured_at for frame in frames])
    assert steps.min() > 0 and steps.max() < 0.5
    assert np.array_equal(frames[count].image, first.image)
    reader.close()


def test_a_clip_that_is_taken_away_meanwhile_is_said(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(Path(CLIP).read_bytes())
    reader = open_source(SourceSettings(uri=str(clip), repeat=True))
    clip.unlink()
    with pytest.raises(SourceError, match=r"there is no file or folder .*clip\.mp4"):
        while reader.read() is not None:
            pass
    reader.close()


def test_a_slow_camera_is_given_more_time_with_every_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def slow(settings: SourceSettings) -> object:
        asked.append(settings.open_timeout_seconds)
        if len(asked) != 5:
            raise SourceError("nothing came")
        return "a reader"

    monkeypatch.setattr(open_module, "open_source", slow)
    opener = Opener(SourceSettings(uri="rtsp://x/", open_timeout_seconds=2.0))
    for _ in range(4):
        with pytest.raises(SourceError):
            opener()
    assert opener() == "a reader"
    with pytest.raises(SourceError):
        opener()
    assert asked == [2.0, 4.0, 8.0, 8.0, 8.0, 2.0]
    assert max(asked) == 2.0 * MOST_PATIENCE_TIMES


class RibbonCamera:
    """picamera2 as it behaves: an array or a time-out."""

    def __init__(self, number: int) -> None:
        if number == 7:
            raise IndexError("list index out of range")
        self.number = number
        self.silent = number == 6
        self.size = (0, 0)
        self.closed = False

    def create_video_configuration(self, main: dict[str, object]) -> dict[str, object]:
        assert main["format"] == "RGB888"
        return main

    def configure(self, configuration: dict[str, object]) -> None:
        self.size = configuration["size"]  # type: ignore[assignment]

    def start(self) -> None: ...

    def capture_array(self, name: str, wait: bool) -> str:
        assert name == "main" and wait is False
        return "job"

    def wait(self, job: str, timeout: float) -> np.ndarray:
        assert job == "job"
        if self.silent:
            raise TimeoutError
        return np.full((self.size[1], self.size[0], 3), 9, np.uint8)

    def close(self) -> None:
        self.closed = True


def test_a_camera_at_the_ribbon(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[RibbonCamera] = []

    def make(number: int) -> RibbonCamera:
        made.append(RibbonCamera(number))
        return made[-1]

    module = types.ModuleType("picamera2")
    module.Picamera2 = make  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "picamera2", module)
    assert is_live("picamera") and is_live("picamera:1") and not is_live("picamera.mp4")
    reader = open_source(SourceSettings(uri="picamera:1", width_pixels=320, height_pixels=240))
    frame = reader.read()
    assert frame is not None and frame.image.shape == (240, 320, 3)
    made[0].silent = True
    assert reader.read() is None
    reader.close()
    reader.close()
    assert made[0].closed and made[0].number == 1
    with pytest.raises(SourceError, match="gives no picture"):
        open_source(SourceSettings(uri="picamera:6"))
    assert made[1].closed
    with pytest.raises(SourceError, match="list index out of range"):
        open_source(SourceSettings(uri="picamera:7"))


def test_without_picamera2_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(SourceError, match="apt install python3-picamera2"):
        open_source(SourceSettings(uri="picamera"))
