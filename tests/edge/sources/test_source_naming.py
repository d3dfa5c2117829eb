from __future__ import annotations

import pytest

from edge.sources.naming import without_credentials


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("rtsp://camera.local:554/main", "rtsp://camera.local:554/main"),
        ("rtsp://anna:secret@camera.local:554/main", "rtsp://camera.local:554/main"),
        ("http://secret@camera/video", "http://camera/video"),
        ("RTSP://anna:secret@[fe80::1]:554/main", "RTSP://[fe80::1]:554/main"),
        ("rtsp://anna:sec@ret@camera/main", "rtsp://camera/main"),
        ("rtsp://anna:sec/ret@camera/main", "rtsp://camera/main"),
        ("rtsp://anna:se?c#r;et@camera/main", "rtsp://camera/main"),
        ("http://camera/video?user=anna&password=secret", "http://camera/video"),
        ("rtsp://camera/user=anna_password=secret_channel=1/0", "rtsp://camera/.../0"),
        ("rtsp://anna:secret@", "rtsp://"),
        ("clips/monday.mp4", "clips/monday.mp4"),
    ],
)
def test_names_hold_no_credentials(uri: str, name: str) -> None:
    assert without_credentials(uri) == name
    assert "secret" not in name
