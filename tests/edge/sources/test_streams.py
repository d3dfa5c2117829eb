from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest
from mjpeg_server import MjpegCamera, read_number

from edge.errors import SourceError
from edge.settings import SourceSettings
from edge.sources.open import open_source

SETTINGS = SourceSettings(open_timeout_seconds=1.0, read_timeout_seconds=1.0)


@pytest.fixture
def camera() -> Iterator[MjpegCamera]:
    camera = MjpegCamera(login="anna:secret")
    yield camera
    camera.close()


def with_login(uri: str, login: str) -> str:
    return uri.replace("://", f"://{login}@")


def refusal(uri: str) -> str:
    with pytest.raises(SourceError) as caught:
        open_source(SETTINGS, uri)
    message = str(caught.value)
    assert "\n" not in message
    assert "secret" not in message
    assert "anna" not in message
    return message


def test_stream_is_read_with_user_and_password(camera: MjpegCamera) -> None:
    reader = open_source(SETTINGS, with_login(camera.uri, "anna:secret"))
    assert reader.live
    assert reader.name == camera.uri
    frames = [reader.read() for _ in range(5)]
    reader.close()
    assert all(f is not None and f.image.shape == (96, 96, 3) for f in frames)
    numbers = [read_number(f.image) for f in frames if f is not None]
    times = [f.captured_at for f in frames if f is not None]
    assert numbers == sorted(set(numbers))
    assert times == sorted(times)
    assert [f.index for f in frames if f is not None] == list(range(5))


def test_stalled_stream_is_found_within_the_timeout(camera: MjpegCamera) -> None:
    reader = open_source(SETTINGS, with_login(camera.uri, "anna:secret"))
    camera.stalled = True
    started = time.monotonic()
    while reader.read() is not None:
        pass
    # FFmpeg's own time-out would be 30 s.
    assert 0.5 < time.monotonic() - started < 10
    reader.close()


def test_stream_that_hangs_up_ends(camera: MjpegCamera) -> None:
    reader = open_source(SETTINGS, with_login(camera.uri, "anna:secret"))
    camera.hang_up()
    assert any(reader.read() is None for _ in range(100))
    reader.close()


def test_addresses_that_give_nothing_are_refused_in_a_sentence(camera: MjpegCamera) -> None:
    assert "answers but sends no video" in refusal(with_login(camera.uri, "anna:secrets"))
    assert "answers but sends no video" in refusal(with_login(camera.uri + "/x", "anna:secret"))
    camera.die()
    assert "refuses the connection" in refusal(with_login(camera.uri, "anna:secret"))
    assert "host name is not known" in refusal("http://anna:secret@camera.invalid/video")
    assert "not a correct address" in refusal("http://anna:secret@camera:99999/video")
    assert "cannot be read" in refusal("ftp://anna:secret@camera/video.mp4")


def test_silent_address_is_given_up_after_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        started = time.monotonic()
        for scheme in ("http", "rtsp"):
            assert "within 1 s" in refusal(f"{scheme}://anna:secret@127.0.0.1:{port}/video")
        assert time.monotonic() - started < 15
