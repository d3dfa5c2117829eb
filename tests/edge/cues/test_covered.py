"""A hand before the mouth is seen; smiles, light and noise are not taken for one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.clips import CLIPS
from edge.cues.covered import Covered
from edge.faces import FaceFinder
from edge.preprocess import align
from edge.settings import CueSettings, FacesSettings
from edge.sources.clip import ClipReader
from edge.types import UInt8


def face(mouth: float = 0.04, light: float = 1.0, seed: int = 0) -> UInt8:
    """A drawn face, 96 px: nose, lips and a shaded chin. mouth: half its height, as a share."""
    image = np.full((96, 96), 150, np.uint8)
    cv2.ellipse(image, (48, 48), (38, 52), 0, 0, 360, 190, -1)
    cv2.ellipse(image, (48, 62), (7, 3), 0, 0, 360, 120, -1)
    cv2.ellipse(image, (48, 74), (15, max(2, round(96 * mouth))), 0, 0, 360, 90, -1)
    cv2.ellipse(image, (48, 93), (20, 5), 0, 0, 360, 140, -1)
    noise = np.random.default_rng(seed).normal(0, 4, image.shape)
    return np.clip(image * light + noise, 0, 255).astype(np.uint8)


def hand() -> UInt8:
    image = face()
    for finger in range(4):
        cv2.line(image, (20, 62 + 9 * finger), (70, 58 + 9 * finger), 215, 7)
        cv2.line(image, (20, 66 + 9 * finger), (70, 62 + 9 * finger), 130, 2)
    return image


class Film:
    def __init__(self, **settings: float) -> None:
        self.covered = Covered(CueSettings(**settings))  # type: ignore[arg-type]
        self.step = 0

    def show(self, crop: UInt8, seconds: float, track: int = 1) -> list[bool]:
        found = []
        for _ in range(round(seconds * 10)):
            found.append(self.covered.update(crop, track, self.step / 10))
            self.step += 1
        return found


def test_a_hand_is_seen_while_it_is_there() -> None:
    film = Film()
    assert not any(film.show(face(), 2.0))
    assert all(film.show(hand(), 1.5))
    assert not any(film.show(face(seed=1), 2.0))


@pytest.mark.parametrize(
    "other",
    [face(mouth=0.09), face(light=0.5), face(light=1.25), face(seed=5)],
    ids=["open", "dark", "bright", "noise"],
)
def test_lips_light_and_noise_are_no_hand(other: UInt8) -> None:
    film = Film()
    film.show(face(), 2.0)
    assert not any(film.show(other, 2.0))


def test_what_stays_becomes_usual() -> None:
    film = Film()
    film.show(face(), 2.0)
    film.show(hand(), 20.0)
    assert not any(film.show(hand(), 1.0))


def test_somebody_else_is_compared_with_himself() -> None:
    film = Film()
    film.show(face(), 2.0)
    assert not any(film.show(hand(), 1.0, track=2))


def of_clip(name: str, end: float) -> list[tuple[float, bool]]:
    """(seconds, covered) of every third frame of a real clip."""
    reader, finder, covered = ClipReader(CLIPS / name), FaceFinder(FacesSettings()), Covered(CueSettings())
    found = []
    try:
        while (frame := reader.read()) is not None and frame.captured_at < end:
            faces = finder.find(frame) if frame.index % 3 == 0 else []
            if faces:
                crop = align(frame.image, faces[0].landmarks, 96)
                found.append((frame.captured_at, covered.update(crop, 1, frame.captured_at)))
    finally:
        reader.close()
    return found


def test_on_real_faces_a_hand_is_seen_and_a_smile_is_not_one() -> None:
    assert not any(hidden for _, hidden in of_clip("single_face.mp4", 2.4))
    # She cries with her hand at the mouth from 2.4 s on.
    found = of_clip("langer.mp4", 4.2)
    assert not any(hidden for at, hidden in found if at < 2.4)
    assert sum(hidden for at, hidden in found if at > 2.8) >= 8


def test_it_can_be_switched_off_and_a_picture_of_one_grey_is_no_fault() -> None:
    film = Film(covered_under=-1.0)
    film.show(face(), 1.0)
    assert not any(film.show(hand(), 1.0))
    grey = np.full((96, 96, 3), 128, np.uint8)
    film.show(grey, 1.0)
