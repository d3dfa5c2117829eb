"""Where a face is for somebody who aims the camera, and which of several is looked at."""

from __future__ import annotations

import numpy as np
import pytest

from edge.cues.aiming import aim, cut_off
from edge.cues.attention import weight
from edge.preprocess import TEMPLATE
from edge.tracking import Tracker
from edge.types import Box, Face

WIDTH, HEIGHT = 640, 480


@pytest.mark.parametrize(
    ("box", "side"),
    [
        (Box(270, 180, 100, 120), "centred"),
        (Box(5, 180, 100, 120), "edge_left"),
        (Box(-40, 180, 100, 120), "edge_left"),
        (Box(538, 180, 100, 120), "edge_right"),
        (Box(270, -10, 100, 120), "edge_top"),
        (Box(270, 380, 100, 120), "edge_bottom"),
        (Box(-30, -5, 100, 120), "edge_left"),
        (Box(-50, -50, 760, 600), "too_near"),
    ],
)
def test_the_aim_is_the_edge_that_is_nearest(box: Box, side: str) -> None:
    assert aim(box, WIDTH, HEIGHT) == side


@pytest.mark.parametrize(
    ("box", "side"),
    [
        (Box(-10, 180, 100, 120), ""),
        (Box(-20, 180, 100, 120), "edge_left"),
        (Box(560, 180, 100, 120), "edge_right"),
        (Box(270, -30, 100, 120), "edge_top"),
        (Box(270, 400, 100, 120), "edge_bottom"),
        (Box(-150, -100, 900, 700), "too_near"),
    ],
)
def test_a_face_of_which_a_part_is_missing_is_cut_off(box: Box, side: str) -> None:
    assert cut_off(box, WIDTH, HEIGHT) == side


def face(x: float, width: float = 80.0, turned: float = 0.0) -> Face:
    landmarks = (TEMPLATE * width).astype(np.float32)
    landmarks[2, 0] += turned * (landmarks[1, 0] - landmarks[0, 0])
    return Face(Box(x, 100, width, width), landmarks, 0.9)


def test_the_nearest_most_central_one_that_looks_here_weighs_most() -> None:
    assert weight(face(280), WIDTH) > weight(face(20), WIDTH)
    assert weight(face(280), WIDTH) > weight(face(280, turned=0.4), WIDTH)
    assert weight(face(20, width=140), WIDTH) > weight(face(280), WIDTH)
    assert weight(face(280), WIDTH) == weight(face(280))


def test_attention_goes_to_who_looks_here_and_stays() -> None:
    tracker = Tracker(1.0)
    away, here = face(100, 90, turned=0.45), face(400, 80)
    chosen = tracker.attended(tracker.update([away, here], 0.0), WIDTH)
    assert chosen is not None
    assert chosen.track == 2
    # Both look here now: a little larger is no reason to change.
    chosen = tracker.attended(tracker.update([face(100, 90), here], 0.1), WIDTH)
    assert chosen is not None
    assert chosen.track == 2
