"""A camera in the network: RTSP, RTMP, or HTTP with MJPEG or any video FFmpeg knows."""

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

import cv2

from edge.errors import SourceError
from edge.settings import SourceSettings
from edge.sources.capture import Capture
from edge.sources.live import LiveReader
from edge.sources.naming import without_credentials

PORTS = {"rtsp": 554, "rtsps": 322, "rtmp": 1935, "http": 80, "https": 443}
"""The kinds of address that can be read, with the port each means when none is written."""
DIAGNOSIS_SECONDS = 1.0


class StreamReader(LiveReader):
    """Reads a network stream; opening and every read give up after the settings' time-outs.

    Raises SourceError, which never
    shows user or password, when nothing comes from the address.
    """

    def __init__(self, uri: str, settings: SourceSettings) -> None:
        self.name = without_credentials(uri)
        started = time.monotonic()
        self._capture = Capture(
            uri,
            cv2.CAP_FFMPEG,
            [
                cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
                round(settings.open_timeout_seconds * 1000),
                cv2.CAP_PROP_READ_TIMEOUT_MSEC,
                round(settings.read_timeout_seconds * 1000),
            ],
        )
        # The first picture is only a trial: it would be old by the time it is asked for.
        if not self._capture.opened or self._capture.image() is None:
            self.close()
            spent = time.monotonic() - started
            raise SourceError(_why(uri, self.name, spent, settings.open_timeout_seconds))
        self.frames_per_second = self._capture.frames_per_second


def _why(uri: str, name: str, spent_seconds: float, timeout_seconds: float) -> str:
    """One sentence on why a stream gave nothing; asks the network only if there is time left."""
    try:
        address = urlsplit(uri)
        host, port = address.hostname or "", address.port or PORTS[address.scheme.lower()]
    except ValueError:
        return f"{name} is not a correct address; write it as rtsp://host:port/path"
    if spent_seconds < 0.9 * timeout_seconds:
        try:
            socket.create_connection((host, port), DIAGNOSIS_SECONDS).close()
        except socket.gaierror:
            return f"{name} cannot be reached: the host name is not known; check it and the network"
        except ConnectionRefusedError:
            return f"{name} refuses the connection; check the port and that the camera is on"
        except OSError:
            return f"{name} cannot be reached; check the network and that the camera is on"
        return f"{name} answers but sends no video; check the path, the user and the password"
    return f"{name} sent no picture within {timeout_seconds:g} s; check the network and that the camera is on"
