"""A camera in the network that does what it is told through a pipe: python serve.py PIPE PORT

Words: stall, freeze, die, start. Runs on the device's own Python.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import cv2
from mjpeg_server import MjpegCamera

from edge.clips import CLIPS


def pictures() -> list[object]:
    capture = cv2.VideoCapture(str(CLIPS / "single_face.mp4"))
    found = []
    while len(found) < 60:
        there, frame = capture.read()
        if not there:
            break
        found.append(cv2.resize(frame, (320, 180), interpolation=cv2.INTER_AREA))
    return found


def obey(camera: MjpegCamera, word: str) -> None:
    if word == "start":
        camera.stalled = camera.frozen = False
        if not camera.up:
            camera.start()
    elif word == "stall":
        camera.stalled = True
    elif word == "freeze":
        camera.freeze()
    elif word == "die" and camera.up:
        camera.die()


def main(pipe: Path, port: int) -> None:
    frames = pictures()
    camera = MjpegCamera(draw=lambda number: frames[number % len(frames)], port=port)
    while True:
        for word in pipe.read_text().split():
            obey(camera, word)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
